use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use tokio::net::UnixDatagram;
use towerkit_endpoint::BoxError;

use super::udp::too_long;
use super::{Payload, SendError, Sink};

/// Datagrams to a unix socket. A payload is a datagram.
///
/// Here a lost datagram is known: where nobody has the socket it is not sent, and where the other side does not read, it waits.
#[derive(Debug)]
pub struct Unix {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Unix {
    /// To the socket at a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), socket: None }
    }

    fn connected(&mut self) -> io::Result<&UnixDatagram> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(&self.path)?;
                socket
            }
        };
        Ok(self.socket.insert(socket))
    }
}

impl Sink for Unix {
    fn target(&self) -> Cow<'_, str> {
        self.path.to_string_lossy()
    }

    async fn ready(&mut self) -> Result<(), BoxError> {
        self.connected()?;
        Ok(())
    }

    async fn send(&mut self, payload: &Payload) -> Result<(), SendError> {
        // Twice: the other side may have been restarted, and have made the socket anew.
        let mut last = None;
        for _ in 0..2 {
            let sent = match self.connected() {
                Ok(socket) => socket.send(&payload.body).await,
                Err(error) => Err(error),
            };
            match sent {
                Ok(_) => return Ok(()),
                Err(error) if too_long(&error) => return Err(SendError::refused(error)),
                Err(error) => last = Some(error),
            }
            self.socket = None;
        }
        Err(SendError::undelivered(last.unwrap_or_else(|| io::ErrorKind::NotConnected.into())))
    }
}
