//! What the tests of backends that are pushed to share.

use std::fs;
#[cfg(any(feature = "statsd", feature = "dogstatsd"))]
use std::io::{Read, Write};
#[cfg(any(feature = "statsd", feature = "dogstatsd"))]
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use towerkit_testing::wait;

/// In which something that should happen has happened, on a busy machine too.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A folder of the test's own, empty.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Waits for a condition.
pub(crate) async fn wait_until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let mut seen = None;
    let looks = || {
        seen = condition();
        seen.is_some()
    };
    wait::until(what, SOON, looks).await;
    seen.unwrap()
}

/// What a server says to a line, up to a text.
#[cfg(any(feature = "statsd", feature = "dogstatsd"))]
pub(crate) fn ask(port: u16, line: &str, until: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(line.as_bytes()).unwrap();
    let (mut said, mut bytes) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut bytes).unwrap();
        said.extend_from_slice(&bytes[..read]);
        let text = String::from_utf8_lossy(&said);
        if read == 0 || (!until.is_empty() && text.contains(until)) {
            return text.into_owned();
        }
    }
}

/// The body of a page.
#[cfg(feature = "dogstatsd")]
pub(crate) fn page(port: u16, path: &str) -> String {
    let said = ask(port, &format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"), "");
    said.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}
