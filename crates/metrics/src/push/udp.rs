use std::borrow::Cow;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{UdpSocket, lookup_host};
use tokio::time::{Instant, sleep};
use towerkit_endpoint::BoxError;

use super::{Payload, SendError, Sink};

/// Datagrams to a host and port. A payload is a datagram.
///
/// A large flush is spread over some time, 16 datagrams in 10 ms, so that the server's socket can hold what it has not read yet.
///
/// That nobody listens is learnt where the other host says so ("connection refused"): on the same host at once, from afar by the
/// next flush. All else that is lost on the way nobody learns. A name is resolved again after a failure, and every minute, since
/// a name that has moved fails silently.
#[derive(Debug)]
pub struct Udp {
    address: String,
    socket: Option<Connected>,
    lost_late: u64,
    /// How many datagrams were sent since the last pause.
    burst: u32,
}

#[derive(Debug)]
struct Connected {
    socket: UdpSocket,
    resolved: Instant,
    /// How many data points the last datagram held, of which it is not known that it was lost.
    last: u64,
}

/// How long a name is taken for where it was found.
const RESOLVE: Duration = Duration::from_secs(60);
/// So many datagrams are sent at once, then there is a pause: a server's socket holds some ninety of 1432 bytes by Linux's
/// default, and what comes while it is full is lost unseen. It makes 2 MB a second.
const BURST: u32 = 16;
const PAUSE: Duration = Duration::from_millis(10);

impl Udp {
    /// To `host:port`.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), socket: None, lost_late: 0, burst: 0 }
    }

    async fn connect(&self) -> io::Result<UdpSocket> {
        let mut failed = None;
        for address in lookup_host(&self.address).await? {
            match connect(address).await {
                Ok(socket) => return Ok(socket),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
    }

    /// What the other host said of the last datagram.
    fn look_back(&mut self) -> Option<io::Error> {
        let connected = self.socket.as_mut()?;
        let error = connected.socket.take_error().ok()??;
        self.lost_late += std::mem::take(&mut connected.last);
        self.socket = None;
        Some(error)
    }

    fn try_again(&mut self, error: &io::Error) -> bool {
        let refused = error.kind() == io::ErrorKind::ConnectionRefused;
        if refused && let Some(connected) = &mut self.socket {
            // It was said of the one before, and this one was not sent for it.
            self.lost_late += std::mem::take(&mut connected.last);
        }
        refused
    }
}

async fn connect(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr =
        if address.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    Ok(socket)
}

impl Sink for Udp {
    fn target(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.address)
    }

    async fn ready(&mut self) -> Result<(), BoxError> {
        // What it says is of the flush before, and counted.
        let _ = self.look_back();
        self.burst = 0;
        let stale = self.socket.as_ref().is_none_or(|connected| connected.resolved.elapsed() >= RESOLVE);
        if stale {
            match (self.connect().await, &mut self.socket) {
                (Ok(socket), _) => self.socket = Some(Connected { socket, resolved: Instant::now(), last: 0 }),
                // Better where it was than nowhere.
                (Err(_), Some(connected)) => connected.resolved = Instant::now(),
                (Err(error), None) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn send(&mut self, payload: &Payload) -> Result<(), SendError> {
        if self.burst == BURST {
            self.burst = 0;
            sleep(PAUSE).await;
        }
        self.burst += 1;
        let connected = self.socket.as_mut().ok_or_else(|| SendError::undelivered("there is no socket"))?;
        let mut sent = connected.socket.send(&payload.body).await;
        if let Err(error) = &sent
            && self.try_again(error)
            && let Some(connected) = &mut self.socket
        {
            sent = connected.socket.send(&payload.body).await;
        }
        match sent {
            Ok(_) => {
                if let Some(connected) = &mut self.socket {
                    connected.last = payload.points;
                }
            }
            // EMSGSIZE: it is longer than the network takes.
            Err(error) if too_long(&error) => return Err(SendError::refused(error)),
            Err(error) => {
                self.socket = None;
                return Err(SendError::undelivered(error));
            }
        }
        // On the same host the answer is there already.
        let late = self.lost_late;
        match self.look_back() {
            Some(error) => {
                self.lost_late = late; // it is this one, and told as such
                Err(SendError::undelivered(error))
            }
            None => Ok(()),
        }
    }

    fn lost_late(&mut self) -> u64 {
        std::mem::take(&mut self.lost_late)
    }
}

/// EMSGSIZE, which has no kind.
pub(super) fn too_long(error: &io::Error) -> bool {
    cfg!(target_os = "linux") && error.raw_os_error() == Some(90)
}
