use std::time::Duration;

use super::{Packer, Snapshot};

/// Writes a snapshot as a backend reads it.
pub trait Encode: Send + 'static {
    /// Writes it. It can't fail: what the backend could not read is counted in [`Batch::refused`].
    fn encode(&mut self, snapshot: &Snapshot) -> Batch;

    /// The shortest [interval](super::Pusher::interval) at which a pusher may flush it: for a backend where what comes sooner takes the
    /// place of what is there. By default there is none.
    fn shortest_interval(&self) -> Duration {
        Duration::ZERO
    }
}

/// A snapshot in the words of a backend, in as many pieces as its limits ask for. A [`Packer`] fills one by lines.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// What is sent, one after the other.
    pub payloads: Vec<Payload>,
    /// Data points that can't be sent at all: a line that is longer than a payload may be, a name that is none.
    pub refused: u64,
}

/// What is sent at once: a datagram, the body of a request.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    /// The bytes.
    pub body: Vec<u8>,
    /// How many data points it holds: what is counted where it is lost.
    pub points: u64,
    /// Whose they are, as places in [`Snapshot::series`]. Where it is certain that the payload was not delivered, the counters
    /// among them are not lost: they are sent with the next flush.
    pub series: Vec<usize>,
}

impl From<Packer> for Batch {
    fn from(packer: Packer) -> Self {
        packer.finish()
    }
}
