use std::time::Duration;

use crate::body::BodyLimits;

/// What [`Serve`](super::Serve)'s methods set; its page says what each is.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) connections: usize,
    #[cfg(feature = "tls")]
    pub(super) handshake_timeout: Duration,
    pub(super) header_limit: u32,
    pub(super) header_timeout: Duration,
    pub(super) body: BodyLimits,
    pub(super) write_timeout: Duration,
    /// Each so many bytes give a second of the time back; not zero.
    pub(super) write_bytes_a_second: u64,
    pub(super) idle_timeout: Duration,
    pub(super) streams: u32,
    pub(super) drain_grace: Duration,
    /// Half of the time there is where none is set.
    pub(super) stream_grace: Option<Duration>,
    pub(super) keep_alive: Option<KeepAlive>,
    pub(super) windows: Windows,
}

/// How many bytes of bodies may come before they are read, over HTTP/2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub(super) stream: u32,
    pub(super) connection: u32,
}

/// Pings of HTTP/2.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeepAlive {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            #[cfg(feature = "tls")]
            handshake_timeout: Duration::from_secs(10),
            header_limit: 16 * 1024,
            header_timeout: Duration::from_secs(10),
            body: BodyLimits { bytes: 2 << 20, time: Duration::from_secs(20), bytes_a_second: 500 },
            write_timeout: Duration::from_secs(30),
            write_bytes_a_second: 500,
            idle_timeout: Duration::from_secs(60),
            streams: 200,
            drain_grace: Duration::from_secs(1),
            stream_grace: None,
            keep_alive: None,
            windows: Windows { stream: 1 << 20, connection: 1 << 20 },
        }
    }
}
