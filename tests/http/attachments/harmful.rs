//! Files that would harm a person who opens them.

use super::made::{chunk, deflated, frame, header, jpeg, packed, pdf, png, stream};
use super::{attach, ids};
use crate::forms::registered;
use tests::{Client, Service, on_both};

/// `1 0 <</S/JavaScript/JS(app.alert(1))>>`, deflated by another program, so that no name in it can be read.
const SCRIPT: &[u8] = b"\x78\xda\x33\x54\x30\x50\xb0\xb1\xd1\x0f\xd6\xf7\x4a\x2c\x4b\x0c\x4e\x2e\xca\x2c\x28\xd1\xf7\x0a\xd6\x48\x2c\x28\xd0\x4b\xcc\x49\x2d\x2a\xd1\x30\xd4\xd4\xb4\xb3\x03\x00\xd7\x45\x0b\x64";

/// The answer to a file: the code of the refusal, or that the file was taken.
fn said(service: &Service, clerk: &Client, file: &[u8], key: &str) -> String {
    // A sheet takes only ten files, so each file gets a new sheet.
    let answer = attach(clerk, &registered(service, clerk), None, file, &key.replace(' ', "-"));
    match answer.status {
        201 => "taken".to_owned(),
        422 => answer.json()["errors"][0]["code"].as_str().unwrap().to_owned(),
        other => panic!("{key}: {other} {}", answer.text),
    }
}

on_both! {
    fn a_picture_that_is_none_or_grows_beyond_its_size_is_refused(service) {
        let clerk = service.login("madoguchi");
        let data = |lines: &[u8]| chunk(b"IDAT", &deflated(lines));
        let broken = |mut chunk: Vec<u8>| {
            *chunk.last_mut().unwrap() ^= 1;
            chunk
        };
        let good = header(2, 2, false);
        let lines = [0, 1, 2, 0, 3, 4];
        let halves = deflated(&lines);
        let (first, second) = halves.split_at(8);
        let pictures = [
            ("whole", "taken", png(&[good.clone(), data(&lines)])),
            ("in two pieces", "taken", png(&[good.clone(), chunk(b"IDAT", first), chunk(b"IDAT", second)])),
            ("interlaced", "taken", png(&[header(2, 2, true), data(&[0, 1, 0, 2, 0, 3, 4])])),
            ("no columns", "unknown_format", png(&[header(0, 2, false), data(&[0, 0])])),
            ("no lines", "unknown_format", png(&[header(2, 0, false), data(&[])])),
            ("a header of another sum", "unknown_format", png(&[broken(good.clone()), data(&lines)])),
            ("data of another sum", "unknown_format", png(&[good.clone(), broken(data(&lines))])),
            ("a remark of another sum", "unknown_format", png(&[good.clone(), broken(chunk(b"tEXt", b"a")), data(&lines)])),
            ("two headers", "unknown_format", png(&[good.clone(), good.clone(), data(&lines)])),
            ("one byte more", "unknown_format", png(&[good.clone(), data(&[0, 1, 2, 0, 3, 4, 5])])),
            ("one byte less", "unknown_format", png(&[good.clone(), data(&[0, 1, 2, 0, 3])])),
            ("not deflated", "unknown_format", png(&[good.clone(), chunk(b"IDAT", &[1, 2, 3])])),
            ("a bomb", "unknown_format", png(&[header(1, 1, false), data(&[0; 60_000])])),
            ("too many points", "too_many_pixels", png(&[header(10_001, 10_000, false), data(&lines)])),
            ("as large as can be", "taken", jpeg(&[frame(10_000, 10_000)])),
            ("larger", "too_many_pixels", jpeg(&[frame(10_001, 10_000)])),
            ("the largest", "too_many_pixels", jpeg(&[frame(u16::MAX, u16::MAX)])),
            ("a frame without lines", "unknown_format", jpeg(&[frame(2, 0)])),
            ("a frame without columns", "unknown_format", jpeg(&[frame(0, 2)])),
            ("two frames", "unknown_format", jpeg(&[frame(2, 2), frame(2, 2)])),
            ("no frame", "unknown_format", jpeg(&[])),
        ];
        for (what, expected, file) in pictures {
            assert_eq!(said(&service, &clerk, &file, what), expected, "{what}");
        }
    }

    fn a_pdf_that_acts_carries_files_or_hides_is_refused_with_a_word_on_how_to_print_it(service) {
        let clerk = service.login("madoguchi");
        let open = |action: &str| pdf(format!("1 0 obj\n<</Type/Catalog/OpenAction<<{action}>>>>\nendobj\n").as_bytes());
        let deflate = "/Filter /FlateDecode";
        let documents = [
            ("nothing", "taken", pdf(b"1 0 obj\n<</Type/Catalog>>\nendobj\n")),
            ("a text about it", "taken", pdf(b"1 0 obj\n(JavaScript, Launch, EmbeddedFile)\nendobj\n")),
            ("packed, and nothing", "taken", pdf(&packed(deflate, b"1 0 <</Type/Catalog>>"))),
            ("a script", "active_pdf", open("/S/JavaScript/JS(app.alert\\(1\\))")),
            ("a script by another name", "active_pdf", open("/S /J#61va#53cript /JS 3 0 R")),
            ("a program", "active_pdf", open("/S/Launch/F(calc.exe)")),
            ("files", "active_pdf", open("/Names<</EmbeddedFiles 2 0 R>>")),
            ("a file", "active_pdf", open("/Type/EmbeddedFile")),
            ("a file as a remark", "active_pdf", open("/Subtype/FileAttachment")),
            ("a form that runs", "active_pdf", open("/AcroForm<</XFA 2 0 R>>")),
            ("encrypted", "active_pdf", pdf(b"trailer\n<</Encrypt 9 0 R>>")),
            ("a packed script", "active_pdf", pdf(&stream(deflate, SCRIPT))),
            ("packed in its own way", "active_pdf", pdf(b"5 0 obj\n<</Type/ObjStm/Filter/LZWDecode>>\nstream\n\x80\x0b\x60\x50\nendstream")),
            ("packed twice", "active_pdf", pdf(&packed(deflate, &deflated(b"1 0 <</S/JavaScript>>")))),
        ];
        for (what, expected, file) in documents {
            assert_eq!(said(&service, &clerk, &file, what), expected, "{what}");
        }
        let sheet_id = registered(&service, &clerk);
        let refused = attach(&clerk, &sheet_id, None, &open("/S/Launch"), "printed").json();
        assert!(refused["errors"][0]["detail"].as_str().unwrap().contains("「印刷」で「PDFとして保存」"), "{refused}");
        assert!(ids(&clerk.get(&format!("/api/v1/sheets/{sheet_id}/attachments")).ok()).is_empty());
    }
}
