//! Lines for a syslog server: RFC 5424, over UDP, TCP or the socket of this machine.

mod socket;

use std::net::SocketAddr;
use std::path::PathBuf;

use tracing::Level;

use crate::format::syslog_name;
use crate::non_blocking::{Flusher, NonBlocking};
use socket::{Destination, Socket};

/// Where a syslog server is, and what messages say of this program: for [`Logger::syslog`](crate::Logger::syslog).
///
/// ```
/// use towerkit_log::{Facility, Logger, Syslog};
///
/// let server = "127.0.0.1:514".parse()?;
/// let (log, flusher) = Logger::syslog(Syslog::udp(server).app("greeter").facility(Facility::Local0));
/// log.scope(|| tracing::info!(name = "Ada", "greeted"));
/// // <134>1 2026-11-26T17:04:42.123456Z - greeter 4711 greeter::hello [towerkit@32473 name="Ada"] greeted
/// # drop(flusher);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
///
/// The severity is that of the level: error is 3, warn 4, info 6, debug and trace 7. The name of the message is its target; its
/// fields are the parameters of one element, with the number that RFC 5612 keeps for examples. The message and each value are UTF-8, without control
/// characters: those are written as `\n`, `\t` or `\u001b`. A message takes 8 KiB at most, as receivers have it by default: a value 2 KiB.
///
/// A thread of its own sends, as [`NonBlocking`] does: a server that is slow or away costs callers nothing, and what is lost for it is
/// counted.
#[derive(Clone, Debug)]
pub struct Syslog {
    destination: Destination,
    facility: Facility,
    host: String,
    app: String,
    process: String,
    capacity: usize,
}

impl Syslog {
    /// A server reached by UDP (RFC 5426): a datagram a message. Nobody learns of those that get lost on the way.
    #[must_use]
    pub fn udp(server: SocketAddr) -> Self {
        Self::new(Destination::Udp(server))
    }

    /// A server reached by TCP, with octets counted (RFC 6587, section 3.4.1). A connection that breaks is made anew, and what was not
    /// handed to it is sent again. What the system had taken of the last messages by then may be lost unseen: the protocol has no answers.
    #[must_use]
    pub fn tcp(server: SocketAddr) -> Self {
        Self::new(Destination::Tcp(server))
    }

    /// The server of this machine, by the path of its datagram socket: `/dev/log`.
    #[must_use]
    #[cfg(unix)]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::new(Destination::Unix(path.into()))
    }

    fn new(destination: Destination) -> Self {
        let process = std::process::id().to_string();
        let facility = Facility::User;
        Self { destination, facility, host: String::new(), app: String::new(), process, capacity: 1024 * 1024 }
    }

    /// What kind of program this is, in place of [`Facility::User`].
    #[must_use]
    pub const fn facility(mut self, facility: Facility) -> Self {
        self.facility = facility;
        self
    }

    /// The name of this machine: up to 255 visible characters of ASCII. Without it the server sees to that.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// The name of this program: up to 48 visible characters of ASCII. By default it has none.
    #[must_use]
    pub fn app(mut self, app: impl Into<String>) -> Self {
        self.app = app.into();
        self
    }

    /// What tells this process from others of its name, in place of its id: up to 128 visible characters of ASCII.
    #[must_use]
    pub fn process(mut self, process: impl Into<String>) -> Self {
        self.process = process.into();
        self
    }

    /// How many bytes may wait to be sent, in place of 1 MiB.
    #[must_use]
    pub const fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = bytes;
        self
    }

    pub(crate) fn open(self) -> (Head, NonBlocking, Flusher) {
        let head = Head::new(self.facility, &self.host, &self.app, &self.process);
        let (writer, flusher) = NonBlocking::over(Socket::new(self.destination), self.capacity);
        (head, writer, flusher)
    }
}

/// What kind of program a message is of (RFC 5424, section 6.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u8)]
pub enum Facility {
    /// Programs of users.
    #[default]
    User = 1,
    /// The mail system.
    Mail = 2,
    /// System daemons.
    Daemon = 3,
    /// Security and authorisation.
    Auth = 4,
    /// Clock daemons.
    Cron = 9,
    /// Security and authorisation, private.
    AuthPriv = 10,
    /// For the site to choose, as are the others below.
    Local0 = 16,
    /// As above.
    Local1 = 17,
    /// As above.
    Local2 = 18,
    /// As above.
    Local3 = 19,
    /// As above.
    Local4 = 20,
    /// As above.
    Local5 = 21,
    /// As above.
    Local6 = 22,
    /// As above.
    Local7 = 23,
}

/// What all messages have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    facility: Facility,
    /// From the host to the id of the process.
    pub(crate) text: Vec<u8>,
}

impl Head {
    fn new(facility: Facility, host: &str, app: &str, process: &str) -> Self {
        let mut text = vec![b' '];
        for (name, limit) in [(host, 255), (app, 48), (process, 128)] {
            syslog_name(&mut text, name, limit);
            text.push(b' ');
        }
        Self { facility, text }
    }

    pub(crate) const fn priority(&self, level: Level) -> u8 {
        let severity = match level {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        self.facility as u8 * 8 + severity
    }
}
