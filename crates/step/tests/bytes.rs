//! Strings of the kernel in JSON: text where it is UTF-8, base64 where it is not, never a NUL.

use srcon_step::Bytes;

fn read(json: &str) -> Result<Bytes, String> {
    serde_json::from_str(json).map_err(|e| e.to_string())
}

#[test]
fn text_and_base64_are_read() {
    assert_eq!(
        read(r#""/bin/é""#).expect("text").as_bytes(),
        "/bin/é".as_bytes()
    );
    assert_eq!(
        read(r#"{"base64":"/zE="}"#).expect("bytes").as_bytes(),
        b"\xff1"
    );
    assert_eq!(read(r#""""#).expect("nothing").as_bytes(), b"");
}

#[test]
fn all_bytes_come_back() {
    for bytes in [
        &b""[..],
        b"a",
        b"\xff",
        b"\xc3\xa9",
        b"\xf0\x9f\xa6",
        b"a\nb\x1b",
    ] {
        let before = Bytes::new(bytes).expect("no NUL");
        let json = serde_json::to_string(&before).expect("JSON");
        assert_eq!(json.contains("base64"), std::str::from_utf8(bytes).is_err());
        assert_eq!(read(&json).expect("the same"), before);
    }
}

#[test]
fn what_is_neither_is_refused() {
    assert_eq!(Bytes::new(*b"a\0b"), None);
    assert!(read(r#""a\u0000b""#).expect_err("a NUL").contains("NUL"));
    assert!(
        read(r#"{"base64":"AA=="}"#)
            .expect_err("a NUL")
            .contains("NUL")
    );
    assert!(
        read(r#"{"base64":"A"}"#)
            .expect_err("cut off")
            .contains("not base64")
    );
    for json in [
        "1",
        "null",
        "[]",
        "{}",
        r#"{"base64":1}"#,
        r#"{"base64":"","more":1}"#,
    ] {
        let error = read(json).expect_err("another type");
        assert!(error.contains("a string, or { \"base64\""), "{error}");
    }
}

#[test]
fn messages_show_what_can_be_shown() {
    let bytes = Bytes::new(*b"\xffx").expect("no NUL");
    assert_eq!(bytes.to_text(), "\u{fffd}x");
    assert_eq!(format!("{bytes:?}"), "\"\u{fffd}x\"");
    assert_eq!(bytes.as_c_str().to_bytes_with_nul(), b"\xffx\0");
}
