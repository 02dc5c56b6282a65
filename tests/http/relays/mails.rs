use crate::forms::{consent, consented, etag, moved, registered, relay};
use crate::probe::agencies;
use serde_json::json;
use tests::{Mail, on_both};

/// The address of each mail and the label in its subject, sorted.
fn told(mails: &[Mail]) -> Vec<String> {
    let mut told: Vec<String> =
        mails.iter().map(|m| m.header("to").split('@').next().unwrap().trim_start_matches('<').to_owned()).collect();
    told.sort();
    told
}

on_both! {
    fn each_step_tells_exactly_who_must_act_and_says_nothing_of_the_matter(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let a = agencies(&clerk)["kurashi-shigoto"].clone();
        let mut all = Vec::new();
        let mut mails = || {
            let new = service.send_mail();
            all.extend(new.iter().cloned());
            told(&new)
        };
        let (sender, receiver) = ("fukushi-marugoto", "kurashi-shigoto");
        let send = || {
            let sheet_id = registered(&service, &clerk);
            let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&a], &["identity", "statement"]));
            let sent = relay(&clerk, &sheet_id, &consent_id, &a, &["identity", "statement"], None).ok();
            (sheet_id, consent_id, sent)
        };
        let (_, _, declined) = send();
        assert_eq!(mails(), [receiver]);
        moved(&kurashi, &declined, "receive", &json!({}));
        assert_eq!(mails(), [""; 0]);
        moved(&kurashi, &declined, "decline", &json!({"reason": "conflict_or_safety", "note": "見本さんの親族が職員にいます。"}));
        assert_eq!(mails(), [sender]);
        let (sheet_id, _, returned) = send();
        mails();
        moved(&kurashi, &returned, "return", &json!({"missing": ["世帯"], "note": "花子さんの世帯を"}));
        assert_eq!(mails(), [sender]);
        let preview = json!({"to_agency_id": a, "sections": ["identity", "statement"], "purpose": "support_referral"});
        let preview = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &preview).ok();
        moved(&clerk, &returned, "resend", &json!({"disclosure_digest": preview["disclosure_digest"]}));
        assert_eq!(mails(), [receiver]);
        moved(&clerk, &returned, "cancel", &json!({"reason": "花子さんが望まない"}));
        assert_eq!(mails(), [receiver]);
        let (_, consent_id, accepted) = send();
        mails();
        moved(&kurashi, &accepted, "accept", &json!({}));
        assert_eq!(mails(), [sender]);
        moved(&kurashi, &accepted, "report", &json!({"result": "support_started", "text": "家計相談"}));
        assert_eq!(mails(), [sender]);
        moved(&clerk, &accepted, "confirm", &json!({}));
        assert_eq!(mails(), [""; 0]);
        clerk.post(&format!("/api/v1/consents/{consent_id}/withdrawal"), &json!({"by": "self", "method": "oral", "reason": "花子"})).ok();
        assert_eq!(mails(), [receiver]);
        let (sheet_id, _, _) = send();
        mails();
        let kacho = service.login("kacho");
        let now = kacho.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        kacho.step(&format!("/api/v1/sheets/{sheet_id}/void"), &json!({"reason": "花子さんを取り違えた"}), &etag(&now)).ok();
        assert_eq!(mails(), [receiver]);
        // Each mail goes once, even when the outbox is emptied again.
        assert_eq!(mails(), [""; 0]);
        assert_eq!(all.len(), 12);
        let mut seen = std::collections::BTreeSet::new();
        for mail in &all {
            assert!(seen.insert(mail.header("message-id")));
            let decoded = decoded(&mail.raw);
            assert!(decoded.contains("R8-00000"), "{decoded}");
            let said = without_ids(&decoded);
            for secret in ["見本", "花子", "ミホン", "1986", "090-", "家賃", "税", "住まい", "仕事", "くらし", "福祉", "保健", "identity", "statement", "1208510"] {
                assert!(!said.contains(secret), "{secret} in {said}");
            }
        }
    }
}

/// The mail without its ids, whose random digits may look like a year or a telephone number.
fn without_ids(mail: &str) -> String {
    mail.split_inclusive(|c: char| !c.is_ascii_hexdigit() && c != '-')
        .map(|word| match word.get(..36).map(uuid::Uuid::parse_str) {
            Some(Ok(_)) => &word[36..],
            _ => word,
        })
        .collect()
}

/// The mail with all encoded words, quoted-printable and base64 decoded.
fn decoded(raw: &str) -> String {
    let (head, body) = raw.split_once("\r\n\r\n").or_else(|| raw.split_once("\n\n")).unwrap();
    let mut out = String::new();
    for line in head.lines() {
        for (index, piece) in line.split("=?utf-8?b?").enumerate() {
            match piece.split_once("?=") {
                Some((word, rest)) if index > 0 => {
                    out.push_str(&String::from_utf8_lossy(&unbase64(word)));
                    out.push_str(rest);
                }
                _ => out.push_str(piece),
            }
        }
        out.push('\n');
    }
    let encoding = head.to_lowercase();
    if encoding.contains("encoding: base64") {
        out.push_str(&String::from_utf8_lossy(&unbase64(body)));
    } else if encoding.contains("encoding: quoted-printable") {
        let joined = body.replace("=\r\n", "").replace("=\n", "");
        let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
        while let Some((first, more)) = rest.split_first() {
            rest = more;
            if *first == b'=' && more.len() >= 2 {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&more[..2]).unwrap(), 16).unwrap());
                rest = &more[2..];
            } else {
                bytes.push(*first);
            }
        }
        out.push_str(&String::from_utf8_lossy(&bytes));
    } else {
        out.push_str(body);
    }
    out
}

fn unbase64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut word, mut bits) = (Vec::new(), 0u32, 0);
    for digit in text.bytes().filter_map(|b| DIGITS.iter().position(|d| *d == b)) {
        word = word << 6 | digit as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits & 0xff) as u8);
        }
    }
    out
}
