use towerkit_http_client::{encoded, said};

#[test]
fn all_but_the_unreserved_characters_is_encoded() {
    assert_eq!(encoded("aZ09-._~").to_string(), "aZ09-._~");
    assert_eq!(encoded("a/b?c#d é%&=+").to_string(), "a%2Fb%3Fc%23d%20%C3%A9%25%26%3D%2B");
}

#[test]
fn what_a_server_says_is_one_short_line_that_hides_nothing() {
    assert_eq!(said(b""), "");
    assert_eq!(said(b"\r\n no such\n\"thing\" \n"), r#"no such\n"thing""#);
    assert_eq!(said("a\u{1b}[31mb\u{202e}c\0".as_bytes()), r"a\u{1b}[31mb\u{202e}c\0");
    assert_eq!(said(b"\xff!"), "\u{fffd}!");
    assert_eq!(said(&[b'x'; 10_000]).len(), 300);
    assert_eq!(said("é€😀".repeat(10_000).as_bytes()).chars().count(), 300);
    assert_eq!(said(&[b'"'; 10_000]).len(), 300);
    // What is escaped counts as it is told, and is told whole.
    assert_eq!(said(&[b'\x1b'; 10_000]), r"\u{1b}".repeat(50));
    assert_eq!(said("\u{202e}".repeat(10_000).as_bytes()), r"\u{202e}".repeat(37));
}
