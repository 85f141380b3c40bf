use std::borrow::Cow;
use std::io;

use tokio::net::TcpStream;
use towerkit_endpoint::BoxError;

use super::{Payload, SendError, Sink};

/// A stream to a host and port, connected again where it ended.
///
/// A connection that the other side closed is seen before the next flush. What the other side's system had taken when its program
/// died is lost unseen: the protocols that are sent over it have no receipt.
#[derive(Debug)]
pub struct Tcp {
    address: String,
    stream: Option<TcpStream>,
}

impl Tcp {
    /// To `host:port`. The name is resolved for each connection.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), stream: None }
    }

    async fn connected(&mut self) -> io::Result<TcpStream> {
        match self.stream.take().filter(is_open) {
            Some(stream) => Ok(stream),
            None => TcpStream::connect(&self.address).await,
        }
    }
}

impl Sink for Tcp {
    fn target(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.address)
    }

    async fn ready(&mut self) -> Result<(), BoxError> {
        self.stream = Some(self.connected().await?);
        Ok(())
    }

    async fn send(&mut self, payload: &Payload) -> Result<(), SendError> {
        let mut again = true;
        loop {
            // It comes back when all is written. Given up before that, it is dropped: half a line must not be followed by another.
            let stream = self.connected().await.map_err(SendError::undelivered)?;
            let mut written = 0;
            match write_all(&stream, &payload.body, &mut written).await {
                Ok(()) => {
                    self.stream = Some(stream);
                    return Ok(());
                }
                // The connection had ended unseen.
                Err(_) if written == 0 && again => again = false,
                Err(error) if written == 0 => return Err(SendError::undelivered(error)),
                Err(error) => return Err(SendError::unknown(error)),
            }
        }
    }
}

/// Whether the other side has not closed it. What it says meanwhile is not looked at.
fn is_open(stream: &TcpStream) -> bool {
    let mut bytes = [0; 256];
    // One that talks on and on is open, whatever it wants.
    for _ in 0..64 {
        match stream.try_read(&mut bytes) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
    true
}

async fn write_all(stream: &TcpStream, bytes: &[u8], written: &mut usize) -> io::Result<()> {
    while let Some(rest) = bytes.get(*written..).filter(|rest| !rest.is_empty()) {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(more) => *written += more,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
