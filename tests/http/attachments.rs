//! Files of a sheet: recognised by content, without what cameras write, closed to whom they are not granted, never shown as part of a page.

use crate::forms::{consent, consented, moved, registered, relay};
use crate::probe::{MARK, agencies, ids, text};
use serde_json::{Value, json};
use std::io::{Read, Write};
use tests::{Answer, Client, on_both};

/// What a camera wrote into an image, in whatever place.
const WRITTEN: &[u8] = b"ZZcameraZZ";

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], content].concat()
}

/// A JPEG that is to be turned (orientation 6), with metadata in every place where there can be some.
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
    let chunk = |kind: &[u8], content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[..], kind, content, &[0; 4]].concat()
    };
    [
        &b"\x89PNG\r\n\x1a\n"[..],
        &chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]),
        &chunk(b"tEXt", WRITTEN),
        &chunk(b"eXIf", WRITTEN),
        &chunk(b"zzZz", WRITTEN),
        &chunk(b"IDAT", &[1, 2, 3]),
        &chunk(b"iTXt", WRITTEN),
        &chunk(b"IEND", &[]),
        WRITTEN,
    ]
    .concat()
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

on_both! {
    fn a_file_comes_back_as_it_was_but_for_what_a_camera_wrote(service) {
        let clerk = service.login("madoguchi");
        let sheet_id = registered(&service, &clerk);
        // A name that stands in the sheet as well, so that it is searched for wherever it must not stand.
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
        // The same key is answered the same, with another file refused.
        assert_eq!(attach(&clerk, &sheet_id, Some(name), &sent, "a").ok()["id"], added["id"]);
        attach(&clerk, &sheet_id, Some(name), &pdf(3), "a").problem(422, "idempotency-key-reused");
        for (sent, media) in [(jpeg(), "image/jpeg"), (png(), "image/png")] {
            // Each later than the one before: they are listed in that order.
            service.advance_seconds(1);
            let added = attach(&clerk, &sheet_id, None, &sent, media).ok();
            let got = file(&clerk, &added);
            assert_eq!((&added["media_type"], got.header("content-type")), (&json!(media), media.to_owned()));
            assert!(!holds(&got.bytes, WRITTEN) && holds(&sent, WRITTEN), "{:?}", got.bytes);
            if media == "image/jpeg" {
                // It is still turned as it was, and the picture is all there.
                assert!(holds(&got.bytes, b"\x01\x12\0\x03\0\0\0\x01\0\x06"), "{:?}", got.bytes);
                assert!(holds(&got.bytes, &[0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56]) && got.bytes.ends_with(&[0x78, 0xff, 0xd9]));
            }
        }
        let listed = clerk.get(&format!("/api/v1/sheets/{sheet_id}/attachments")).ok();
        assert_eq!((ids(&listed).len(), &listed["items"][0]["name"]), (3, &json!(name)));
        // The section names them, and a sheet that was read can be written back.
        let sheet = clerk.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!(sheet["content"]["attachments"][0]["id"], added["id"]);
        assert!(sheet["content"]["attachments"][0].get("name").is_none());
        let mut form = crate::forms::sheet(&service);
        form["content"] = sheet["content"].clone();
        clerk.put(&format!("/api/v1/sheets/{sheet_id}"), &form, &crate::forms::etag(&sheet)).ok();
        let kinds = service.audit_kinds(&sheet_id);
        let count = |kind: &str| kinds.iter().filter(|k| *k == kind).count();
        assert_eq!((count("attachment.added"), count("attachment.read")), (3, 3));
        // Nothing of a file stands in the database as it is.
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
        // Not granted: it is not even there.
        file(&hoken, &ours).problem(404, "not-found");
        assert!(ids(&hoken.get(&path).ok()).is_empty());
        let theirs = attach(&hoken, &sheet_id, None, &pdf(11), "theirs").ok();
        assert_eq!((ids(&hoken.get(&path).ok()).len(), file(&hoken, &theirs).bytes), (1, pdf(11)));
        assert_eq!((ids(&clerk.get(&path).ok()).len(), file(&clerk, &theirs).bytes), (2, pdf(11)));
        // The auditor knows that there are files, and neither their names nor what is in them.
        let listed = auditor.get(&path).ok();
        assert_eq!((ids(&listed).len(), &listed["items"][0]["name"]), (2, &Value::Null));
        file(&auditor, &ours).problem(403, "forbidden");
        for stranger in ["zei", "npo"] {
            let stranger = service.login(stranger);
            file(&stranger, &ours).problem(404, "not-found");
            stranger.get(&path).problem(404, "not-found");
            attach(&stranger, &sheet_id, None, &pdf(1), "stranger").problem(404, "not-found");
        }
        // Withdrawn: closed at once.
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
            let mut stream = std::net::TcpStream::connect(service.url.strip_prefix("http://").unwrap()).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        }
        assert!(ids(&clerk.get(&format!("/api/v1/sheets/{sheet_id}/attachments")).ok()).is_empty());
        assert_eq!(attach(&clerk, &sheet_id, None, &pdf(1), "whole").status, 201);
    }

    fn eight_files_come_in_at_once_and_a_ninth_is_asked_to_come_again(service) {
        let clerk = service.login("madoguchi");
        let sheet_id = registered(&service, &clerk);
        let head = |key: usize| format!(
            "POST /api/v1/sheets/{sheet_id}/attachments?kind=other HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {key}\r\nContent-Length: 16\r\n\r\n",
            clerk.token()
        );
        let open: Vec<_> = (0..9).map(|key| {
            let mut stream = std::net::TcpStream::connect(service.url.strip_prefix("http://").unwrap()).unwrap();
            stream.write_all(head(key).as_bytes()).unwrap();
            stream.set_read_timeout(Some(std::time::Duration::from_millis(20))).unwrap();
            stream
        }).collect();
        // Eight wait for the file; whichever came last is told so at once.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let answered = |stream: &std::net::TcpStream| stream.peek(&mut [0]).is_ok();
        let last = (0..9).cycle().find(|n| answered(&open[*n]) || std::time::Instant::now() > until).unwrap();
        for (n, mut stream) in open.into_iter().enumerate() {
            if n != last {
                stream.write_all(b"%PDF-1.7\n%%EOF\n\n").unwrap();
            }
            stream.set_read_timeout(None).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let expected = if n == last { "HTTP/1.1 503 " } else { "HTTP/1.1 201 " };
            assert!(answer.starts_with(expected) && answer.contains("retry-after: ") == (n == last), "{answer}");
        }
        assert_eq!(attach(&clerk, &sheet_id, None, &pdf(1), "ninth").status, 201);
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
        // The hash is that of the file as it is kept, by another program.
        assert_eq!(evidence["sha256"], json!("37f9a24dcd4533bab0744e84dcab59d30f8659046f5af6605aaff46ff0f24e11"));
        let read = clerk.get(&path).ok();
        assert_eq!((&read["items"][0]["attachment_id"], &read["items"][0]["signature"]), (&scan["id"], &Value::Null));
        // Not twice, not a file of another sheet, not both at once and not neither.
        assert_eq!(clerk.post(&path, &proves(&scan)).pointers(422, "invalid-input"), ["/attachment_id"]);
        let elsewhere = attach(&clerk, &registered(&service, &clerk), None, &pdf(11), "elsewhere").ok();
        assert_eq!(clerk.post(&path, &proves(&elsewhere)).pointers(422, "invalid-input"), ["/attachment_id"]);
        let both = json!({"attachment_id": scan["id"], "signature": {"strokes": [[[1, 1, 0]]], "width": 10, "height": 10, "text_hash": ""}});
        for bad in [both, json!({}), json!({"attachment_id": MARK})] {
            assert!(matches!(clerk.post(&path, &bad).status, 400 | 422));
        }
        // A recipient is told that there is a scan, and is not shown it.
        let sent = relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        moved(&hoken, &sent, "accept", &json!({}));
        let told = hoken.get(&format!("/api/v1/consents/{consent_id}")).ok();
        assert_eq!(told["evidence"][0]["sha256"], evidence["sha256"]);
        file(&hoken, &scan).problem(404, "not-found");
        hoken.post(&path, &proves(&scan)).problem(403, "forbidden");
    }
}
