use std::io::{Read, Write};
use std::net::TcpStream;

use crate::running::{Profilesvc, SOON};

#[test]
fn a_call_under_way_is_answered_after_sigterm_and_no_other_is_taken() {
    let mut service = Profilesvc::start(&[]);
    let mut call = TcpStream::connect(("127.0.0.1", service.port)).unwrap();
    call.set_read_timeout(Some(SOON)).unwrap();
    let head = "POST /profiles/ HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n";
    call.write_all(head.as_bytes()).unwrap();
    call.write_all(b"{\"id\"").unwrap();
    // A call that is made after it and answered shows that the first has been accepted.
    service.bad("GET", "/profiles/1", "", 404, "not found");

    service.process.signal("TERM");
    let port = service.port;
    service.process.wait_for("takes no connection", SOON, || TcpStream::connect(("127.0.0.1", port)).is_err());
    call.write_all(b":\"1\"}").unwrap();
    let mut answer = String::new();
    call.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n{}"), "{answer}");
    let (status, said) = service.process.ended(SOON);
    assert!(status.success(), "{said}");
}
