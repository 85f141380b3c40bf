//! runningsum adds numbers as they come: one call of gRPC with a stream in and a stream out.
//!
//! * [`totals`] is the domain: a stream of numbers to a stream of totals. Nothing of the network is in it.
//! * [`routes`] serves it, and [`client`] calls it.
//! * [`pb`] is generated of `proto/runningsum.proto`.
//!
//! `src/main.rs` starts it, `src/bin/runningsumcli.rs` is its command line.
//!
//! # Who reads slowly holds back who sends
//!
//! The command line can flood the service: it sends as fast as it is let, and its reader rests for a while after each thousand totals.
//!
//! ```text
//! $ runningsumcli --flood 1000000 --pause 2
//! 1000000 numbers come to 1000000
//! the sender was ahead of the reader by 125437 at most
//! ```
//!
//! Twice as many numbers, no rest or longer ones give the same figure, give or take one in a hundred. Nobody counts: it is what the two
//! windows of HTTP/2 hold. The client's is 1 MiB: some 83 000 totals, of 9 to 13 bytes, that nobody has read. Then the server's stream is
//! not asked for a total any more, and [`totals`] asks for no number. The server's window is 256 KiB: 37 449 numbers of 7 bytes that
//! nobody has read. Then the sender is not asked for a number any more. The rest, some 4000, is on its way: each side writes up to
//! 16 KiB ahead, into the socket's buffers.

pub mod pb;

use std::fmt;
use std::future::ready;

use futures_util::{Stream, StreamExt as _};
use towerkit_endpoint::{BoxEndpoint, BoxStream, Classify, Code, Endpoint as _, Error, endpoint_fn};
use towerkit_transport_grpc::{Channel, Method, Remote, Routes, Server};

/// `rpc Sum (stream Number) returns (stream Total)`.
pub const SUM: Method<pb::Number, pb::Total> = Method::new("/runningsum.RunningSum/Sum");

/// What the numbers up to one come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Their sum.
    pub sum: i64,
    /// How many there are.
    pub count: u64,
}

impl Total {
    /// With one number more.
    ///
    /// # Errors
    ///
    /// Where the sum has more than 64 bits.
    pub fn plus(self, number: i64) -> Result<Self, Overflow> {
        let sum = self.sum.checked_add(number).ok_or(Overflow)?;
        Ok(Self { sum, count: self.count + 1 })
    }
}

/// Answers each number with the total up to it. It is lazy: it asks for a number when it is asked for a total, so that a reader who
/// takes no more totals holds back whoever sends the numbers.
///
/// An error, of the numbers or by an [`Overflow`], is for the reader to end with.
pub fn totals<E: From<Overflow>>(numbers: impl Stream<Item = Result<i64, E>>) -> impl Stream<Item = Result<Total, E>> {
    numbers.scan(Total::default(), |total, number| {
        let next = number.and_then(|number| Ok(total.plus(number)?));
        if let Ok(next) = &next {
            *total = *next;
        }
        ready(Some(next))
    })
}

/// The total has more than 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the total has more than 64 bits")
    }
}

impl std::error::Error for Overflow {}

impl Classify for Overflow {
    fn code(&self) -> Code {
        Code::OutOfRange
    }
}

/// Serves it.
pub fn routes() -> Routes {
    let sum = endpoint_fn(|numbers: BoxStream<i64>| async move { Ok::<_, Error>(totals(numbers)) });
    let sum =
        Server::new(sum).decode(|pb::Number { value }| value).encode(|Total { sum, count }| pb::Total { sum, count });
    Routes::new().bidi_streaming(SUM, sum)
}

/// Calls a remote one.
#[must_use]
pub fn client(remote: &Remote<impl Channel>) -> BoxEndpoint<BoxStream<i64>, BoxStream<Total>> {
    remote
        .bidi_streaming(SUM)
        .encode(|value| pb::Number { value })
        .decode(|pb::Total { sum, count }| Total { sum, count })
        .erased()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::{FutureExt as _, stream};

    use super::*;

    #[test]
    fn the_totals_end_with_what_is_too_large() {
        let numbers = stream::iter([i64::MAX, 1].map(Ok::<_, Overflow>));
        let totals: Vec<_> = totals(numbers).collect().now_or_never().unwrap();
        assert_eq!(totals, [Ok(Total { sum: i64::MAX, count: 1 }), Err(Overflow)]);
    }

    #[test]
    fn a_number_is_taken_when_a_total_is_asked_for() {
        let taken = Cell::new(0);
        let numbers = stream::repeat(1).inspect(|_| taken.set(taken.get() + 1)).map(Ok::<_, Overflow>);
        let mut totals = Box::pin(totals(numbers));
        assert_eq!(taken.get(), 0);
        for count in 1..=3 {
            assert_eq!(totals.next().now_or_never().unwrap().unwrap().unwrap().count, count);
            assert_eq!(taken.get(), count);
        }
    }
}
