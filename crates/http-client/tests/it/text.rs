use towerkit_http_client::{excerpt, percent_encoded};

#[test]
fn all_but_the_unreserved_characters_is_encoded() {
    assert_eq!(percent_encoded("aZ09-._~").to_string(), "aZ09-._~");
    assert_eq!(percent_encoded("a/b?c#d é%&=+").to_string(), "a%2Fb%3Fc%23d%20%C3%A9%25%26%3D%2B");
}

#[test]
fn what_a_server_says_is_one_short_line_that_hides_nothing() {
    assert_eq!(excerpt(b""), "");
    assert_eq!(excerpt(b"\r\n no such\n\"thing\" \n"), r#"no such\n"thing""#);
    assert_eq!(excerpt("a\u{1b}[31mb\u{202e}c\0".as_bytes()), r"a\u{1b}[31mb\u{202e}c\0");
    assert_eq!(excerpt(b"\xff!"), "\u{fffd}!");
    assert_eq!(excerpt(&[b'x'; 10_000]).len(), 300);
    assert_eq!(excerpt("é€😀".repeat(10_000).as_bytes()).chars().count(), 300);
    assert_eq!(excerpt(&[b'"'; 10_000]).len(), 300);
    // What is escaped counts as it is told, and is told whole.
    assert_eq!(excerpt(&[b'\x1b'; 10_000]), r"\u{1b}".repeat(50));
    assert_eq!(excerpt("\u{202e}".repeat(10_000).as_bytes()), r"\u{202e}".repeat(37));
}
