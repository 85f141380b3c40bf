//! Bytes to the server as they are, and what comes back until it closes.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use towerkit_transport_http::ServeEvent;

use crate::raw::soon;
use crate::site::Site;

/// A request that must never be served where it is a part of another one's body, or follows one whose end is not sure.
pub(crate) const SMUGGLED: &str = "GET /wait HTTP/1.1\r\nhost: a\r\n\r\n";

/// All that the server says until it closes the connection, which the peer keeps open.
pub(crate) async fn until_closed(site: &Site, bytes: impl AsRef<[u8]>) -> String {
    let client = site.connect().await;
    let (mut read, mut write) = client.stream.into_split();
    let bytes = bytes.as_ref().to_vec();
    // It may close before it has read all.
    let writing = tokio::spawn(async move {
        let _ = write.write_all(&bytes).await;
        write
    });
    let mut all = Vec::new();
    // A reset is an end too: what came before it counts.
    let _ = soon(read.read_to_end(&mut all)).await;
    writing.abort();
    String::from_utf8_lossy(&all).into_owned()
}

/// The statuses of the replies among what came. No body here has the like of a status line.
pub(crate) fn statuses(all: &str) -> Vec<u16> {
    all.match_indices("HTTP/1.1 ").map(|(at, start)| all[at + start.len()..][..3].parse().unwrap()).collect()
}

/// One request of a table, and the replies that it must get before the connection is closed.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) replies: &'static [u16],
}

pub(crate) fn case(name: &'static str, bytes: impl AsRef<[u8]>, replies: &'static [u16]) -> Case {
    Case { name, bytes: bytes.as_ref().to_vec(), replies }
}

/// Each gets its replies, the connection is closed, and nothing that follows it is served.
pub(crate) async fn all_hold(cases: Vec<Case>) {
    let site = Site::start().await;
    let mut wrong = Vec::new();
    for Case { name, bytes, replies } in cases {
        let all = until_closed(&site, bytes).await;
        if statuses(&all) != replies {
            wrong.push(format!("{name}: {:?}, not {replies:?}", statuses(&all)));
        }
        assert_eq!(site.gate.most(), 0, "{name}: what follows was served");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(site.events.count(|event| matches!(event, ServeEvent::Panicked)), 0);
    assert_eq!(site.connect().await.get("/").await.status, 200);
}
