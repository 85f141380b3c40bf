use std::sync::Arc;

/// What has become of what was measured: what a [`Pusher`](super::Pusher) sent, and what was lost, and why.
///
/// It counts data points: of StatsD, DogStatsD and Graphite a value on the wire each, of InfluxDB a line, of CloudWatch a datum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// They were sent, as far as this side can tell: a datagram that nobody takes may count here.
    pub sent: u64,
    /// Lost: the backend rejected them, or could not be reached for longer than they are [held](super::Pusher::hold).
    pub lost_failed: u64,
    /// Lost: no finite numbers, or such as the backend could not read.
    pub lost_invalid: u64,
    /// Lost: there was no time left at the stop.
    pub lost_stopped: u64,
    /// What went wrong last, if anything did.
    pub last_error: Option<Arc<str>>,
}

impl Stats {
    /// All that were lost.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost_failed + self.lost_invalid + self.lost_stopped
    }
}
