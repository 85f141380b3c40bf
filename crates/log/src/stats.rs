/// What has become of lines: how many were written, and how many were lost, and why.
///
/// Lines that a filter or a rate leaves out are none of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// They were written, or handed to the system that sends them.
    pub sent: u64,
    /// They wait, or are being written.
    pub waiting: u64,
    /// Lost: there was no room in the buffer.
    pub lost_full: u64,
    /// Lost: the writer failed.
    pub lost_failed: u64,
    /// Lost: there was no time left at the stop. Lines that a slow writer was given before are among them, until it has written them after all.
    pub lost_stopped: u64,
    /// How often the writer has failed, whether or not lines were lost by that.
    pub errors: u64,
}

impl Stats {
    /// All that were lost.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost_full + self.lost_failed + self.lost_stopped
    }
}
