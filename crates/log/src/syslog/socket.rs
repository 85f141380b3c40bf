use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use crate::non_blocking::{Lines, Queue, Sink};

#[derive(Clone, Debug)]
pub(super) enum Destination {
    Udp(SocketAddr),
    Tcp(SocketAddr),
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no such sockets"))]
    Unix(PathBuf),
}

/// Sends messages, and connects anew where it must.
#[derive(Debug)]
pub(super) struct Socket {
    destination: Destination,
    connection: Option<Connection>,
    frame: Vec<u8>,
}

#[derive(Debug)]
enum Connection {
    Udp(UdpSocket),
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixDatagram),
}

const CONNECT: Duration = Duration::from_secs(2);
/// A server that takes nothing for so long is connected to anew.
const WRITE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Socket {
    pub(super) const fn new(destination: Destination) -> Self {
        Self { destination, connection: None, frame: Vec::new() }
    }

    fn connect(&mut self) -> io::Result<&mut Connection> {
        if self.connection.as_ref().is_some_and(Connection::is_closed) {
            self.connection = None;
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => match &self.destination {
                Destination::Udp(server) => {
                    let any =
                        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
                    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
                    socket.connect(server)?;
                    Connection::Udp(socket)
                }
                Destination::Tcp(server) => {
                    let stream = TcpStream::connect_timeout(server, CONNECT)?;
                    stream.set_write_timeout(Some(WRITE))?;
                    Connection::Tcp(stream)
                }
                #[cfg(unix)]
                Destination::Unix(path) => {
                    let socket = UnixDatagram::unbound()?;
                    socket.set_write_timeout(Some(WRITE))?;
                    socket.connect(path)?;
                    Connection::Unix(socket)
                }
                #[cfg(not(unix))]
                Destination::Unix(_) => return Err(io::ErrorKind::Unsupported.into()),
            },
        };
        Ok(self.connection.insert(connection))
    }

    /// Sends lines from one on. Up to which it got, and why no further.
    fn send(&mut self, lines: &Lines, first: usize) -> (usize, io::Result<()>) {
        let mut frame = std::mem::take(&mut self.frame);
        let mut sent = first;
        let result = self.connect().and_then(|connection| {
            for line in lines.from(first) {
                connection.send(line, &mut frame)?;
                sent += 1;
            }
            Ok(())
        });
        self.frame = frame;
        (sent, result)
    }
}

impl Sink for Socket {
    fn write(&mut self, lines: &Lines, queue: &Queue) {
        let all = lines.ends.len();
        let mut sent = 0;
        let mut pause = PAUSE;
        let mut once_more = true;
        while sent < all {
            let (now, result) = self.send(lines, sent);
            if now > sent {
                (pause, once_more) = (PAUSE, true);
            }
            sent = now;
            let Err(error) = result else { continue };
            self.connection = None;
            queue.failed();
            if matches!(self.destination, Destination::Udp(_)) && is_away(&error) && once_more {
                // The system tells so of the datagram before; this one it did not send.
                once_more = false;
                queue.lose_one();
            } else if matches!(self.destination, Destination::Tcp(_)) || self.waits_for(&error) {
                if queue.pause(pause) {
                    queue.lose(lines.ends.get(sent..).unwrap_or_default());
                    return;
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            } else {
                queue.lose(lines.ends.get(sent..=sent).unwrap_or_default());
                (sent, once_more) = (sent + 1, true);
            }
        }
    }
}

impl Socket {
    /// Whether a message may be taken later: not so one that is too long.
    fn waits_for(&self, error: &io::Error) -> bool {
        matches!(self.destination, Destination::Unix(_)) && is_away(error)
    }
}

fn is_away(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset, NotConnected, NotFound, TimedOut, WouldBlock};
    matches!(error.kind(), ConnectionRefused | ConnectionReset | NotConnected | NotFound | TimedOut | WouldBlock)
}

impl Connection {
    fn send(&mut self, line: &[u8], frame: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Udp(socket) => socket.send(line).map(drop),
            #[cfg(unix)]
            Self::Unix(socket) => socket.send(line).map(drop),
            Self::Tcp(stream) => {
                frame.clear();
                write!(frame, "{} ", line.len())?;
                frame.extend_from_slice(line);
                stream.write_all(frame)
            }
        }
    }

    /// Whether the server has closed it: the first write after that would be lost unseen.
    fn is_closed(&self) -> bool {
        match self {
            Self::Tcp(stream) => {
                let look = || {
                    stream.set_nonblocking(true)?;
                    let seen = stream.peek(&mut [0]);
                    stream.set_nonblocking(false)?;
                    seen
                };
                match look() {
                    Ok(bytes) => bytes == 0,
                    Err(error) => error.kind() != io::ErrorKind::WouldBlock,
                }
            }
            Self::Udp(_) => false,
            #[cfg(unix)]
            Self::Unix(_) => false,
        }
    }
}
