use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::clock::Clock;

/// The first bytes of HTTP/2 with prior knowledge (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection's stream, which tells the clock when bytes come and when writing is blocked.
pub(super) struct Stream {
    tcp: TcpStream,
    clock: Arc<Clock>,
    /// What was read to tell the versions apart, and how much of it was read again.
    first: [u8; PREFACE.len()],
    first_len: u8,
    first_read: u8,
    http2: bool,
    shut: bool,
}

impl Stream {
    pub(super) const fn new(tcp: TcpStream, clock: Arc<Clock>) -> Self {
        Self { tcp, clock, first: [0; PREFACE.len()], first_len: 0, first_read: 0, http2: false, shut: false }
    }

    /// TLS has agreed on HTTP/2.
    #[cfg(feature = "tls")]
    pub(super) const fn is_http2(&mut self) {
        self.http2 = true;
    }

    /// Reads until it is sure whether the peer speaks HTTP/2. What was read is read once more by the protocol.
    pub(super) fn poll_is_http2(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            let len = usize::from(self.first_len);
            if self.first[..len] != PREFACE[..len] {
                return Poll::Ready(Ok(false));
            }
            if len == PREFACE.len() {
                self.http2 = true;
                return Poll::Ready(Ok(true));
            }
            let mut buffer = ReadBuf::new(&mut self.first[len..]);
            ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut buffer))?;
            match u8::try_from(buffer.filled().len()) {
                // The end of the stream: HTTP/1 says what that means.
                Ok(0) | Err(_) => return Poll::Ready(Ok(false)),
                Ok(more) => self.first_len += more,
            }
        }
    }

    fn wrote(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &result {
            Poll::Pending => self.clock.write_blocked(),
            Poll::Ready(Ok(bytes)) => self.clock.wrote(*bytes),
            Poll::Ready(Err(_)) => {}
        }
        result
    }
}

impl Drop for Stream {
    /// What a peer does not take would stay in the kernel's buffers until that gives up; a reset throws it away.
    fn drop(&mut self) {
        if self.clock.is_stalled() {
            let _ = self.tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.first_read < self.first_len {
            let rest = &self.first[usize::from(self.first_read)..usize::from(self.first_len)];
            let most = rest.len().min(buf.remaining());
            buf.put_slice(&rest[..most]);
            // No more than 24.
            self.first_read += u8::try_from(most).unwrap_or_default();
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let result = Pin::new(&mut self.tcp).poll_read(cx, buf);
        if buf.filled().len() > before {
            if self.http2 { self.clock.heard() } else { self.clock.read() }
        }
        result
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.tcp).poll_write(cx, buf);
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs);
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    /// hyper flushes when it has written all it has.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.clock.wrote_all();
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    /// Says that nothing more comes, and then reads on, as RFC 9112, section 9.6 has it: what the peer is still sending to a
    /// closed socket would be answered with a reset, and that may take the last reply from it before it has read it. The clock
    /// ends this for a peer that does not close its side.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.shut {
            ready!(Pin::new(&mut self.tcp).poll_shutdown(cx))?;
            self.shut = true;
            self.clock.closing();
        }
        let mut discarded = [MaybeUninit::uninit(); 4096];
        loop {
            let mut buffer = ReadBuf::uninit(&mut discarded);
            match ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut buffer)) {
                Ok(()) if buffer.filled().is_empty() => return Poll::Ready(Ok(())),
                Ok(()) => {}
                // It is gone: all the same here.
                Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}
