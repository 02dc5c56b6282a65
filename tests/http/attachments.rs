//! Files of a sheet: their content tells the format, what cameras write is removed, they are closed to readers without a grant, and a page
//! never shows them inline.

mod harmful;
mod made;
mod scanned;

use crate::forms::{consent, consented, moved, registered, relay};
use crate::probe::{MARK, agencies, ids, text};
use made::{chunk, deflated, header, segment};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tests::{Answer, Client, on_both};

/// A word that a camera wrote into an image, in any place.
const WRITTEN: &[u8] = b"ZZcameraZZ";

/// A JPEG that must be turned (orientation 6), with metadata in every possible place.
fn jpeg() -> Vec<u8> {
    let tiff = b"II\x2a\0\x08\0\0\0\x02\0\x0e\x01\x02\0\x0a\0\0\0\x26\0\0\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let exif = [b"Exif\0\0", &tiff[..], WRITTEN].concat();
    let jfif = [&b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01"[..], b"ZZ\0"].concat();
    [
        &[0xff, 0xd8][..],
        &segment(0xe0, &jfif),
        &segment(0xe0, &[b"JFXX\0", WRITTEN].concat()),
        &segment(0xe1, &exif),
        &segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", WRITTEN].concat()),
        &segment(0xed, WRITTEN),
        &segment(0xfe, WRITTEN),
        &segment(0xdb, &[0; 65]),
        &segment(0xc0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]),
        &segment(0xda, &[1, 1, 0, 0, 63, 0]),
        &[0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56],
        &[0xff],
        &segment(0xfe, WRITTEN),
        &segment(0xda, &[1, 1, 0, 0, 63, 0]),
        &[0x78, 0xff, 0xd9],
        WRITTEN,
    ]
    .concat()
}

fn png() -> Vec<u8> {
    made::png(&[
        header(1, 1, false),
        chunk(b"tEXt", WRITTEN),
        chunk(b"eXIf", WRITTEN),
        chunk(b"zzZz", WRITTEN),
        chunk(b"IDAT", &deflated(&[0, 7])),
        chunk(b"iTXt", WRITTEN),
    ])
    .into_iter()
    .chain(WRITTEN.iter().copied())
    .collect()
}

fn pdf(size: usize) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    file.extend((0..size).map(|n| u8::try_from(n % 251).unwrap()));
    file.extend(b"\n%%EOF\n");
    file
}

fn attach(client: &Client, sheet_id: &str, name: Option<&str>, file: &[u8], key: &str) -> Answer {
    let path = format!("/api/v1/sheets/{sheet_id}/attachments?kind=consent_form");
    let encoded: String = name.unwrap_or_default().bytes().map(|byte| format!("%{byte:02X}")).collect();
    let named = format!("attachment; filename*=UTF-8''{encoded}");
    let mut headers = vec![("content-type", "application/octet-stream"), ("idempotency-key", key)];
    headers.extend(name.map(|_| ("content-disposition", named.as_str())));
    client.raw("POST", &path, &headers, Some(file))
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn file(client: &Client, attachment: &Value) -> Answer {
    client.get(&format!("/api/v1/attachments/{}", text(&attachment["id"])))
}

/// Sends the head of an upload, and no file yet.
fn coming(service: &tests::Service, client: &Client, sheet_id: &str, key: usize) -> TcpStream {
    let mut stream = TcpStream::connect(service.url.strip_prefix("http://").unwrap()).unwrap();
    let head = format!(
        "POST /api/v1/sheets/{sheet_id}/attachments?kind=other HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {key}\r\nContent-Length: 16\r\n\r\n",
        client.token()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Waits until `many` of the uploads are answered although no file came, and says which.
fn answered(open: &[TcpStream], many: usize) -> Vec<bool> {
    let until = Instant::now() + Duration::from_secs(8);
    loop {
        let answered = open.iter().map(|stream| {
            stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            stream.peek(&mut [0]).is_ok()
        });
        let answered: Vec<_> = answered.collect();
        if answered.iter().filter(|it| **it).count() >= many || Instant::now() > until {
            return answered;
        }
    }
}

/// The answer, after the file was sent if `is_to_be_sent`.
fn ended(mut stream: TcpStream, is_to_be_sent: bool) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    if is_to_be_sent {
        // A refused connection may be closed already.
        let _ = stream.write_all(b"%PDF-1.7\n%%EOF\n\n");
    }
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(e) if e.kind() != std::io::ErrorKind::ConnectionReset => panic!("{e}"),
        _ => String::from_utf8(answer).unwrap(),
    }
}

on_both! {
    fn a_file_comes_back_as_it_was_but_for_what_a_camera_wrote(service) {
        let clerk = service.login("madoguchi");
        let sheet_id = registered(&service, &clerk);
        // The name also stands in the sheet, so that the canaries search for it wherever it must not stand.
        let name = "見本花子さんの同意書の写し";
        clerk.post(&format!("/api/v1/sheets/{sheet_id}/entries"), &json!({"occurred_at": service.now(), "method": "interview", "section": "statement", "text": name})).ok();
        let sent = pdf(600_000);
        let added = attach(&clerk, &sheet_id, Some(name), &sent, "a").ok();
        assert_eq!((&added["media_type"], &added["size"], &added["name"]), (&json!("application/pdf"), &json!(sent.len()), &json!(name)));
        let got = file(&clerk, &added);
        assert!(got.status == 200 && got.bytes == sent, "{} of {}", got.bytes.len(), sent.len());
        let headers = ["content-type", "x-content-type-options", "content-security-policy", "cache-control", "content-length"].map(|h| got.header(h));
        assert_eq!(headers, ["application/pdf", "nosniff", "sandbox; default-src 'none'", "no-store", &sent.len().to_string()]);
        assert!(got.header("content-disposition").starts_with("attachment; "));
        // The same key gives the same answer, and is refused with another file.
        assert_eq!(attach(&clerk, &sheet_id, Some(name), &sent, "a").ok()["id"], added["id"]);
        attach(&clerk, &sheet_id, Some(name), &pdf(3), "a").problem(422, "idempotency-key-reused");
        for (sent, media) in [(jpeg(), "image/jpeg"), (png(), "image/png")] {
            // Each is later than the one before, and they are listed in that order.
            service.advance_seconds(1);
            let added = attach(&clerk, &sheet_id, None, &sent, media).ok();
            let got = file(&clerk, &added);
            assert_eq!((&added["media_type"], got.header("content-type")), (&json!(media), media.to_owned()));
            assert!(!holds(&got.bytes, WRITTEN) && holds(&sent, WRITTEN), "{:?}", got.bytes);
            if media == "image/jpeg" {
                // The picture keeps its orientation and is complete.
                assert!(holds(&got.bytes, b"\x01\x12\0\x03\0\0\0\x01\0\x06"), "{:?}", got.bytes);
                assert!(holds(&got.bytes, &[0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56]) && got.bytes.ends_with(&[0x78, 0xff, 0xd9]));
            }
        }
        let listed = clerk.get(&format!("/api/v1/sheets/{sheet_id}/attachments")).ok();
        assert_eq!((ids(&listed).len(), &listed["items"][0]["name"]), (3, &json!(name)));
        // The section names the files, and a sheet that was read can be written back.
        let sheet = clerk.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!(sheet["content"]["attachments"][0]["id"], added["id"]);
        assert!(sheet["content"]["attachments"][0].get("name").is_none());
        let mut form = crate::forms::sheet(&service);
        form["content"] = sheet["content"].clone();
        clerk.put(&format!("/api/v1/sheets/{sheet_id}"), &form, &crate::forms::etag(&sheet)).ok();
        let kinds = service.audit_kinds(&sheet_id);
        let count = |kind: &str| kinds.iter().filter(|k| *k == kind).count();
        assert_eq!((count("attachment.added"), count("attachment.read")), (3, 3));
        // Nothing of a file stands in the database in the clear.
        for (place, bytes) in service.stored() {
            assert!(!holds(&bytes, &sent[100..140]), "{place}");
        }
    }

    fn what_is_no_whole_pdf_jpeg_or_png_or_too_large_or_one_too_many_is_refused(service) {
        let clerk = service.login("madoguchi");
        let sheet_id = registered(&service, &clerk);
        let (jpeg, png) = (jpeg(), png());
        let html = b"<html><script>alert(1)</script>%PDF-1.7 %%EOF".to_vec();
        let bad = [vec![], b"%PDF-1.7".to_vec(), html, jpeg[..jpeg.len() - 20].to_vec(), jpeg[..30].to_vec(), png[..png.len() - 30].to_vec(), b"GIF89a".to_vec(), vec![0; 9]];
        for (n, file) in bad.iter().enumerate() {
            let refused = attach(&clerk, &sheet_id, None, file, &format!("bad-{n}"));
            assert_eq!((refused.status, &refused.json()["errors"][0]["code"]), (422, &json!("unknown_format")), "{n}");
        }
        for name in ["a\u{202e}gpj.pdf", "a\nb", &"あ".repeat(201)] {
            assert_eq!(attach(&clerk, &sheet_id, Some(name), &pdf(1), "name").status, 422);
        }
        let kind = clerk.raw("POST", &format!("/api/v1/sheets/{sheet_id}/attachments?kind={MARK}"), &[("idempotency-key", "kind")], Some(&pdf(1)));
        kind.problem(422, "invalid-input");
        assert_eq!(attach(&clerk, &sheet_id, None, &pdf(10 << 20), "large").status, 413);
        assert_eq!(attach(&clerk, &sheet_id, None, &pdf((10 << 20) - 16), "largest").status, 201);
        for n in 1..10 {
            assert_eq!(attach(&clerk, &sheet_id, None, &pdf(n), &format!("{n}")).status, 201);
        }
        let refused = attach(&clerk, &sheet_id, None, &pdf(1), "eleventh");
        assert_eq!((refused.status, &refused.json()["errors"][0]["code"]), (422, &json!("too_many")));
    }

    fn a_file_is_for_the_origin_for_whom_the_section_is_granted_and_for_who_added_it(service) {
        let (clerk, kurashi, hoken, auditor) = (service.login("madoguchi"), service.login("kurashi"), service.login("hoken"), service.login("kansa"));
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}/attachments");
        let ours = attach(&clerk, &sheet_id, Some("同意書の写し"), &pdf(10), "ours").ok();
        let with_files = consented(&clerk, &sheet_id, &consent(&service, &[a, b], &["identity", "attachments"]));
        let to_a = relay(&clerk, &sheet_id, &with_files, a, &["identity", "attachments"], None).ok();
        let to_b = relay(&clerk, &sheet_id, &with_files, b, &["identity"], None).ok();
        file(&kurashi, &ours).problem(403, "forbidden");
        moved(&kurashi, &to_a, "accept", &json!({}));
        moved(&hoken, &to_b, "accept", &json!({}));
        assert_eq!(file(&kurashi, &ours).bytes, pdf(10));
        assert_eq!(ids(&kurashi.get(&path).ok()), ids(&clerk.get(&path).ok()));
        assert_eq!(kurashi.get(&format!("/api/v1/relays/{}", text(&to_a["id"]))).ok()["content"]["attachments"][0]["id"], ours["id"]);
        // Without a grant the file does not even exist for the reader.
        file(&hoken, &ours).problem(404, "not-found");
        assert!(ids(&hoken.get(&path).ok()).is_empty());
        let theirs = attach(&hoken, &sheet_id, None, &pdf(11), "theirs").ok();
        assert_eq!((ids(&hoken.get(&path).ok()).len(), file(&hoken, &theirs).bytes), (1, pdf(11)));
        assert_eq!((ids(&clerk.get(&path).ok()).len(), file(&clerk, &theirs).bytes), (2, pdf(11)));
        // The auditor knows that there are files, but neither their names nor their content.
        let listed = auditor.get(&path).ok();
        assert_eq!((ids(&listed).len(), &listed["items"][0]["name"]), (2, &Value::Null));
        file(&auditor, &ours).problem(403, "forbidden");
        for stranger in ["zei", "npo"] {
            let stranger = service.login(stranger);
            file(&stranger, &ours).problem(404, "not-found");
            stranger.get(&path).problem(404, "not-found");
            attach(&stranger, &sheet_id, None, &pdf(1), "stranger").problem(404, "not-found");
        }
        // After a withdrawal they are closed at once.
        clerk.post(&format!("/api/v1/consents/{with_files}/withdrawal"), &json!({"by": "self", "method": "oral", "sections": ["attachments"]})).ok();
        file(&kurashi, &ours).problem(404, "not-found");
        assert!(ids(&kurashi.get(&path).ok()).is_empty());
    }

    fn an_upload_that_breaks_off_leaves_nothing_and_its_place_is_free_again(service) {
        let clerk = service.login("madoguchi");
        let sheet_id = registered(&service, &clerk);
        for _ in 0..10 {
            let head = format!(
                "POST /api/v1/sheets/{sheet_id}/attachments?kind=other HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nIdempotency-Key: cut\r\nContent-Length: 1000\r\n\r\n%PDF",
                clerk.token()
            );
            let mut stream = TcpStream::connect(service.url.strip_prefix("http://").unwrap()).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        }
        assert!(ids(&clerk.get(&format!("/api/v1/sheets/{sheet_id}/attachments")).ok()).is_empty());
        assert_eq!(attach(&clerk, &sheet_id, None, &pdf(1), "whole").status, 201);
    }

    fn eight_files_come_in_at_once_and_a_ninth_is_asked_to_come_again(service) {
        // Five people send nine files, at most two each, each person to a sheet of their own.
        let people = ["madoguchi", "kacho", "kurashi", "hoken", "zei"].map(|who| service.login(who));
        let sheets = people.each_ref().map(|clerk| (clerk, registered(&service, clerk)));
        let open: Vec<_> = (0..9).map(|n| coming(&service, sheets[n / 2].0, &sheets[n / 2].1, n)).collect();
        // Eight requests wait for their file; the ninth is refused at once.
        let refused = answered(&open, 1);
        assert_eq!(refused.iter().filter(|it| **it).count(), 1);
        for (stream, is_refused) in open.into_iter().zip(refused) {
            let answer = ended(stream, !is_refused);
            let expected = if is_refused { "HTTP/1.1 503 " } else { "HTTP/1.1 201 " };
            assert!(answer.starts_with(expected) && answer.contains("retry-after: ") == is_refused, "{answer}");
        }
        assert_eq!(attach(&people[0], &sheets[0].1, None, &pdf(1), "ninth").status, 201);
    }

    fn one_person_takes_two_places_and_leaves_the_others(service) {
        let (clerk, again, other) = (service.login("madoguchi"), service.login("madoguchi"), service.login("kacho"));
        let sheet_id = registered(&service, &clerk);
        // All sessions of a person share the two places.
        let open: Vec<_> = (0..8).map(|n| coming(&service, if n % 2 == 0 { &clerk } else { &again }, &sheet_id, n)).collect();
        let refused = answered(&open, 6);
        assert_eq!(refused.iter().filter(|it| **it).count(), 6);
        assert_eq!(attach(&other, &sheet_id, None, &pdf(1), "other").status, 201);
        for (stream, is_refused) in open.into_iter().zip(refused) {
            let answer = ended(stream, !is_refused);
            let expected = if is_refused { "HTTP/1.1 429 " } else { "HTTP/1.1 201 " };
            assert!(answer.starts_with(expected) && answer.contains("retry-after: 5") == is_refused, "{answer}");
        }
        assert_eq!(attach(&clerk, &sheet_id, None, &pdf(2), "again").status, 201);
    }

    fn nothing_is_read_from_who_may_not_attach_to_the_sheet(service) {
        let (clerk, stranger) = (service.login("madoguchi"), service.login("zei"));
        let sheet_id = registered(&service, &clerk);
        // Each is answered although nothing of the file has come, even the tenth.
        for n in 0..10 {
            let stream = coming(&service, &stranger, &sheet_id, n);
            let answer = ended(stream, false);
            assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        }
    }

    fn a_scan_of_the_signed_form_proves_a_consent(service) {
        let (clerk, hoken) = (service.login("madoguchi"), service.login("hoken"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let form = crate::probe::with(&consent(&service, &[&to], &["identity"]), "/method", json!("signature_paper"));
        let consent_id = consented(&clerk, &sheet_id, &form);
        let path = format!("/api/v1/consents/{consent_id}/evidence");
        let scan = attach(&clerk, &sheet_id, Some("同意書の写し"), &pdf(10), "scan").ok();
        let proves = |of: &Value| json!({"attachment_id": of["id"]});
        let proved = clerk.post(&path, &proves(&scan)).ok();
        let evidence = &proved["evidence"][0];
        assert_eq!((&evidence["kind"], &evidence["attachment_id"]), (&json!("scan"), &scan["id"]));
        // Another program computed this hash, over the file as it is kept.
        assert_eq!(evidence["sha256"], json!("37f9a24dcd4533bab0744e84dcab59d30f8659046f5af6605aaff46ff0f24e11"));
        let read = clerk.get(&path).ok();
        assert_eq!((&read["items"][0]["attachment_id"], &read["items"][0]["signature"]), (&scan["id"], &Value::Null));
        // Refused are: the same scan twice, a file of another sheet, both kinds of evidence at once, and none.
        assert_eq!(clerk.post(&path, &proves(&scan)).pointers(422, "invalid-input"), ["/attachment_id"]);
        let elsewhere = attach(&clerk, &registered(&service, &clerk), None, &pdf(11), "elsewhere").ok();
        assert_eq!(clerk.post(&path, &proves(&elsewhere)).pointers(422, "invalid-input"), ["/attachment_id"]);
        let both = json!({"attachment_id": scan["id"], "signature": {"strokes": [[[1, 1, 0]]], "width": 10, "height": 10, "text_hash": ""}});
        for bad in [both, json!({}), json!({"attachment_id": MARK})] {
            assert!(matches!(clerk.post(&path, &bad).status, 400 | 422));
        }
        // A recipient is told that there is a scan, but does not see it.
        let sent = relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        moved(&hoken, &sent, "accept", &json!({}));
        let told = hoken.get(&format!("/api/v1/consents/{consent_id}")).ok();
        assert_eq!(told["evidence"][0]["sha256"], evidence["sha256"]);
        file(&hoken, &scan).problem(404, "not-found");
        hoken.post(&path, &proves(&scan)).problem(403, "forbidden");
    }

    fn what_the_preview_showed_is_what_goes_and_later_files_go_by_an_amendment(service) {
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let to = service.agency("kurashi-shigoto");
        let sheet_id = registered(&service, &clerk);
        let sections = ["identity", "attachments"];
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &sections));
        let first = attach(&clerk, &sheet_id, None, &pdf(10), "first").ok();
        let asked = json!({
            "to_agency_id": to, "sections": sections, "purpose": "support_referral", "basis": {"consent_id": consent_id},
            "request": "個人番号は123456789018です。"
        });
        let path = format!("/api/v1/sheets/{sheet_id}/relays");
        let preview = || clerk.post(&format!("{path}/preview"), &asked).ok();
        let seen = preview();
        // The words of the request stand outside every section, so the preview looks through them before they go.
        assert!(seen["warnings"].as_array().unwrap().iter().any(|it| it["pointer"] == "/request" && it["code"] == "my_number"), "{seen}");
        service.advance_seconds(1);
        let second = attach(&clerk, &sheet_id, None, &pdf(11), "second").ok();
        let body = |seen: &Value| crate::probe::relay_body(&to, &consent_id, &sections, &seen["disclosure_digest"]);
        clerk.post(&path, &body(&seen)).problem(409, "preview-outdated");
        let seen = preview();
        assert_eq!(seen["disclosure"]["attachments"].as_array().unwrap().len(), 2);
        let sent = clerk.post(&path, &body(&seen)).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        service.advance_seconds(1);
        let third = attach(&clerk, &sheet_id, None, &pdf(12), "third").ok();
        // A file that is attached after the relay was accepted is not told in any way.
        file(&kurashi, &third).problem(404, "not-found");
        let listed = || ids(&kurashi.get(&format!("/api/v1/sheets/{sheet_id}/attachments")).ok());
        let now = || kurashi.get(&crate::forms::relay_path(&sent)).ok();
        let named = |content: &Value| content["attachments"].as_array().unwrap().iter().map(|it| text(&it["id"])).collect::<Vec<_>>();
        let two = vec![text(&first["id"]), text(&second["id"])];
        let sheet = kurashi.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!((listed(), named(&now()["content"]), named(&sheet["content"])), (two.clone(), two.clone(), two));
        // An amendment tells it, and the preview of the amendment shows it.
        let change = json!({"sections": sections, "basis": {"consent_id": consent_id}});
        let at = crate::forms::relay_path(&sent);
        let seen = clerk.post(&format!("{at}/amend/preview"), &change).ok();
        assert_eq!(seen["disclosure"]["attachments"].as_array().unwrap().len(), 3);
        let body = crate::probe::with(&change, "/disclosure_digest", seen["disclosure_digest"].clone());
        clerk.step(&format!("{at}/amend"), &body, &crate::forms::etag(&now())).ok();
        assert_eq!((listed().len(), file(&kurashi, &third).bytes), (3, pdf(12)));
        let nothing = clerk.step(&format!("{at}/amend"), &body, &crate::forms::etag(&now()));
        assert_eq!(nothing.pointers(422, "invalid-input"), ["/sections"]);
        // The record of disclosures counts the words of the request and the files.
        let told = service.login("hogo").get("/api/v1/disclosures").ok();
        assert_eq!((&told["items"][0]["request"], &told["items"][0]["files"]), (&json!(true), &json!(3)));
    }

    fn a_file_that_is_taken_back_is_gone_for_everybody_and_who_could_read_it_is_told_to_stop(service) {
        let (clerk, kurashi, hoken) = (service.login("madoguchi"), service.login("kurashi"), service.login("hoken"));
        let [a, b] = ["kurashi-shigoto", "hoken"].map(|code| service.agency(code));
        let sheet_id = registered(&service, &clerk);
        let sections = ["identity", "attachments"];
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&a, &b], &sections));
        let wrong = attach(&clerk, &sheet_id, Some("別の人の書類"), &pdf(400_000), "wrong").ok();
        let right = attach(&clerk, &sheet_id, None, &pdf(11), "right").ok();
        let to_a = relay(&clerk, &sheet_id, &consent_id, &a, &sections, None).ok();
        relay(&clerk, &sheet_id, &consent_id, &b, &sections, None).ok();
        moved(&kurashi, &to_a, "accept", &json!({}));
        let before = crate::forms::etag(&kurashi.get(&crate::forms::relay_path(&to_a)).ok());
        service.send_mail();
        let path = format!("/api/v1/attachments/{}/withdrawal", text(&wrong["id"]));
        let reason = json!({"reason": "別の人の書類を添付したため"});
        // Neither an agency that only reads the file nor one that does not know of it can withdraw it.
        kurashi.post(&path, &reason).problem(404, "not-found");
        hoken.post(&path, &reason).problem(403, "forbidden");
        service.login("npo").post(&path, &reason).problem(404, "not-found");
        assert_eq!(clerk.post(&path, &json!({"reason": ""})).pointers(422, "invalid-input"), ["/reason"]);
        let bytes_before: usize = service.stored().iter().map(|(_, bytes)| bytes.len()).sum();
        let gone = clerk.post(&path, &reason).ok();
        assert_eq!((&gone["name"], &gone["withdrawal_reason"]), (&Value::Null, &json!("別の人の書類を添付したため")));
        clerk.post(&path, &reason).problem(404, "not-found");
        for reader in [&clerk, &kurashi] {
            file(reader, &wrong).problem(404, "not-found");
            let sheet = reader.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
            assert_eq!(sheet["content"]["attachments"].as_array().unwrap().len(), 1, "{sheet}");
            assert_eq!(file(reader, &right).bytes, pdf(11));
        }
        // When the upload is sent again under its key, the answer names no file any more.
        let again = attach(&clerk, &sheet_id, Some("別の人の書類"), &pdf(400_000), "wrong");
        assert_eq!((again.status, &again.json()["name"]), (201, &Value::Null));
        // The list still says that the file was there and why it went; its bytes are no longer in the database.
        let listed = clerk.get(&format!("/api/v1/sheets/{sheet_id}/attachments")).ok();
        let gone = listed["items"].as_array().unwrap().iter().find(|item| item["id"] == wrong["id"]).unwrap();
        assert_eq!((ids(&listed).len(), &gone["withdrawal_reason"]), (2, &json!("別の人の書類を添付したため")));
        assert_eq!(ids(&kurashi.get(&format!("/api/v1/sheets/{sheet_id}/attachments")).ok()), [text(&right["id"])]);
        let stored = |service: &tests::Service| service.stored().iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        // SQLite does not shrink its file after a deletion.
        let embedded = service.stored().iter().any(|(place, _)| place.ends_with(".db"));
        assert!(embedded || stored(&service) + 400_000 < bytes_before, "{} of {bytes_before} bytes", stored(&service));
        let kinds = service.audit_kinds(&sheet_id);
        assert_eq!(kinds.iter().filter(|kind| *kind == "attachment.withdrawn").count(), 1);
        let stops = kurashi.get(&format!("/api/v1/sheets/{sheet_id}/stop-notices")).ok();
        let told = (&stops["items"][0]["cause"], &stops["items"][0]["sections"]);
        assert_eq!(told, (&json!("file_withdrawn"), &json!(["attachments"])));
        assert_eq!(ids(&stops).len(), 1);
        assert_ne!(crate::forms::etag(&kurashi.get(&crate::forms::relay_path(&to_a)).ok()), before);
        let mails = service.send_mail();
        assert_eq!(mails.iter().filter(|mail| mail.text().contains("共有の停止")).count(), 1);
        // An agency that had not opened the relay has no copies.
        assert_eq!(hoken.get(&format!("/api/v1/sheets/{sheet_id}/stop-notices")).ok()["items"], json!([]));
    }
}
