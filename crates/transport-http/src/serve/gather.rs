use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::clock::Clock;
use super::connection::FRAME;

/// The most bytes that are gathered.
const MOST: usize = 64 * 1024;

/// What lies under HTTP/2: it writes together what h2 writes one after the other.
///
/// h2 hands a larger DATA frame over at once, with the small frames before it, and flushes; so the trailers behind it, and other
/// replies, would each be a system call, a segment, and something for the peer to wake up for. That costs more than to copy the
/// frame. Full frames are not copied: more of the same follows them, and no trailers yet.
pub(super) struct Gather<I> {
    io: I,
    clock: Arc<Clock>,
    /// Its memory is kept: made anew for each write, it is mostly given back to the kernel, and cleared by that again.
    gathered: Vec<u8>,
    /// How much of it was written.
    written: usize,
    /// Another flush is to come.
    passes: bool,
}

impl<I> Gather<I> {
    pub(super) const fn new(io: I, clock: Arc<Clock>) -> Self {
        Self { io, clock, gathered: Vec::new(), written: 0, passes: false }
    }

    /// Takes a write that has a larger DATA frame, and room: no other write of h2 is in two pieces.
    fn gather(&mut self, pieces: &[IoSlice<'_>]) -> Option<usize> {
        self.passes = false;
        if pieces.len() < 2 {
            return None;
        }
        let len = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        self.passes = len <= FRAME as usize && self.gathered.len() + len <= MOST;
        self.passes.then(|| {
            self.gathered.reserve_exact(len);
            pieces.iter().for_each(|piece| self.gathered.extend_from_slice(piece));
            len
        })
    }

    /// So many bytes were written; says how many of them were not gathered.
    fn wrote(&mut self, bytes: usize) -> usize {
        let left = self.gathered.len() - self.written;
        if bytes < left {
            self.written += bytes;
            return 0;
        }
        self.gathered.clear();
        self.written = 0;
        bytes - left
    }
}

impl<I: AsyncWrite + Unpin> Gather<I> {
    fn poll_write_gathered(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.gathered.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, &self.gathered[self.written..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => self.wrote(bytes),
            };
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Gather<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Gather<I> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if let Some(bytes) = this.gather(bufs) {
            return Poll::Ready(Ok(bytes));
        }
        while !this.gathered.is_empty() {
            let mut all = [IoSlice::new(&this.gathered[this.written..]); 3];
            let few = bufs.len().min(2);
            all[1..=few].copy_from_slice(&bufs[..few]);
            let bytes = ready!(Pin::new(&mut this.io).poll_write_vectored(cx, &all[..=few]))?;
            let of_these = this.wrote(bytes);
            if of_these > 0 || bytes == 0 {
                return Poll::Ready(Ok(of_these));
            }
        }
        Pin::new(&mut this.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// h2 flushes behind each larger frame, and once more when it has written all. The first is passed over; where the second does not
    /// come, the connection is [polled again](Clock::is_unflushed) for it.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.passes) {
            self.clock.passed_flush(true);
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_write_gathered(cx))?;
        self.clock.passed_flush(false);
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_gathered(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::task::Waker;

    use towerkit_endpoint::ErrorHandlers;

    use super::*;
    use crate::serve::limits::Limits;
    use crate::serve::shared::Shared;

    /// Takes so many bytes a write, and with `in_turns` nothing every other time.
    struct Peer {
        takes: usize,
        in_turns: bool,
        writes: Vec<Vec<u8>>,
        turn: bool,
        shut: bool,
    }

    impl AsyncWrite for Peer {
        fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.poll_write_vectored(cx, &[IoSlice::new(buf)])
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.turn = !self.turn;
            if self.in_turns && self.turn {
                return Poll::Pending;
            }
            let mut all = bufs.iter().flat_map(|buf| buf.iter().copied()).collect::<Vec<u8>>();
            all.truncate(self.takes);
            let len = all.len();
            self.writes.push(all);
            Poll::Ready(Ok(len))
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.shut = true;
            Poll::Ready(Ok(()))
        }
    }

    impl Gather<Peer> {
        fn before(takes: usize, in_turns: bool) -> Self {
            let shared = Arc::new(Shared::new(Limits::default(), Arc::new(|_| {}), ErrorHandlers::default()));
            let clock = Arc::new(Clock::new(shared, ([127, 0, 0, 1], 1).into()));
            Self::new(Peer { takes, in_turns, writes: Vec::new(), turn: false, shut: false }, clock)
        }

        /// Writes all of the pieces, as h2 does: what is left of them again and again.
        fn write(&mut self, pieces: &[&[u8]]) {
            let mut done = 0;
            while done < pieces.iter().map(|piece| piece.len()).sum() {
                let (mut left, mut skip) = (Vec::new(), done);
                for piece in pieces {
                    let here = skip.min(piece.len());
                    skip -= here;
                    if here < piece.len() {
                        left.push(IoSlice::new(&piece[here..]));
                    }
                }
                done += ready(|cx| Pin::new(&mut *self).poll_write_vectored(cx, &left));
            }
        }

        fn flush(&mut self) {
            ready(|cx| Pin::new(&mut *self).poll_flush(cx));
        }
    }

    fn ready<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>) -> T {
        for _ in 0..10_000 {
            if let Poll::Ready(result) = poll(&mut Context::from_waker(Waker::noop())) {
                return result.unwrap();
            }
        }
        panic!("it waits for good");
    }

    #[test]
    fn what_follows_a_larger_frame_is_written_with_it() {
        let mut gather = Gather::before(usize::MAX, false);
        for reply in [b"first", b"other"] {
            gather.write(&[b"headers, ", reply]);
            gather.flush();
        }
        assert!(gather.io.writes.is_empty());
        gather.write(&[b", trailers"]);
        gather.flush();
        assert_eq!(gather.io.writes, [b"headers, firstheaders, other, trailers"]);
        assert!(!gather.clock.is_unflushed());
    }

    #[test]
    fn a_larger_frame_that_nothing_follows_is_written_by_the_second_flush() {
        let mut gather = Gather::before(usize::MAX, false);
        gather.write(&[b"head, ", b"data"]);
        gather.flush();
        assert!(gather.io.writes.is_empty());
        assert!(gather.clock.is_unflushed(), "the connection is to be polled again");
        assert!(!gather.clock.is_unflushed(), "but once");
        gather.flush();
        assert_eq!(gather.io.writes, [b"head, data"]);
    }

    #[test]
    fn small_frames_and_full_ones_are_written_as_they_come() {
        let mut gather = Gather::before(usize::MAX, false);
        gather.write(&[b"small"]);
        gather.write(&[b"head, ", &[b'0'; FRAME as usize]]);
        assert_eq!(gather.io.writes.iter().map(Vec::len).collect::<Vec<_>>(), [5, 6 + FRAME as usize]);
        assert!(gather.gathered.capacity() == 0);
    }

    #[test]
    fn no_more_than_the_most_is_gathered() {
        let mut gather = Gather::before(usize::MAX, false);
        for _ in 0..20 {
            gather.write(&[b"head", &[b'0'; 9996]]);
            gather.flush();
            assert!(gather.gathered.capacity() <= MOST);
        }
        gather.flush();
        assert_eq!(gather.io.writes.iter().map(Vec::len).collect::<Vec<_>>(), [70_000, 70_000, 60_000]);
    }

    #[test]
    fn a_peer_that_takes_little_gets_all_of_it_in_order() {
        for takes in 1..40 {
            let mut gather = Gather::before(takes, true);
            let mut all = Vec::new();
            for n in 0..20_u8 {
                let (head, data) = ([n; 9], [n + 100; 17]);
                let pieces: &[&[u8]] = if n % 3 == 2 { &[&head] } else { &[&head, &data] };
                gather.write(pieces);
                pieces.iter().for_each(|piece| all.extend_from_slice(piece));
                if n % 4 == 0 {
                    while !gather.gathered.is_empty() {
                        let _ = Pin::new(&mut gather).poll_flush(&mut Context::from_waker(Waker::noop()));
                    }
                }
            }
            while !gather.gathered.is_empty() {
                let _ = Pin::new(&mut gather).poll_flush(&mut Context::from_waker(Waker::noop()));
            }
            assert_eq!(gather.io.writes.concat(), all, "{takes} bytes a write");
        }
    }

    #[test]
    fn the_end_comes_behind_what_is_gathered() {
        let mut gather = Gather::before(usize::MAX, true);
        gather.write(&[b"head, ", b"data"]);
        ready(|cx| Pin::new(&mut gather).poll_shutdown(cx));
        assert_eq!(gather.io.writes, [b"head, data"]);
        assert!(gather.io.shut);
    }
}
