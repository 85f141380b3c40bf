use super::{Batch, Payload};

/// Fills payloads with lines, up to a size, and never splits a line.
///
/// ```
/// use towerkit_metrics::push::Packer;
///
/// let mut packer = Packer::new(10);
/// packer.line(0, 1, |line| line.push_str("a:1|c"));
/// packer.line(1, 1, |line| line.push_str("b:2|c"));
/// packer.line(2, 1, |line| line.push_str("much_too_long:3|c"));
/// let batch = packer.finish();
/// assert_eq!(batch.payloads[0].body, b"a:1|c");
/// assert_eq!(batch.payloads[1].body, b"b:2|c");
/// assert_eq!(batch.refused, 1);
/// ```
#[derive(Debug)]
pub struct Packer {
    max_bytes: usize,
    max_points: u64,
    ended: bool,
    line: String,
    full: Batch,
    open: Payload,
}

impl Packer {
    /// Of payloads of at most so many bytes, with a newline between lines.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            max_points: u64::MAX,
            ended: false,
            line: String::new(),
            full: Batch::default(),
            open: Payload::default(),
        }
    }

    /// A newline after each line, the last one too: for a stream.
    #[must_use]
    pub const fn end_lines(mut self) -> Self {
        self.ended = true;
        self
    }

    /// At most so many data points in a payload, too.
    #[must_use]
    pub const fn max_points(mut self, points: u64) -> Self {
        self.max_points = points;
        self
    }

    /// Adds a line, or lines that belong together, as `write` writes it (without a newline at the end). It holds so many data
    /// points of the series at this place of the snapshot.
    ///
    /// A line that is longer than a payload, or empty, is refused and counted.
    pub fn line(&mut self, series: usize, points: u64, write: impl FnOnce(&mut String)) {
        self.line.clear();
        write(&mut self.line);
        let ended = usize::from(self.ended);
        if self.line.is_empty() || self.line.len() + ended > self.max_bytes {
            self.full.refused += points;
            return;
        }
        let between = usize::from(!self.ended && !self.open.body.is_empty());
        let bytes = self.open.body.len() + between + self.line.len() + ended;
        if bytes > self.max_bytes || self.open.points.saturating_add(points) > self.max_points {
            self.close();
        }
        if !self.ended && !self.open.body.is_empty() {
            self.open.body.push(b'\n');
        }
        self.open.body.extend_from_slice(self.line.as_bytes());
        if self.ended {
            self.open.body.push(b'\n');
        }
        self.open.points += points;
        if self.open.series.last() != Some(&series) {
            self.open.series.push(series);
        }
    }

    /// Counts data points that can't be written at all.
    pub const fn refuse(&mut self, points: u64) {
        self.full.refused += points;
    }

    /// What was filled.
    #[must_use]
    pub fn finish(mut self) -> Batch {
        self.close();
        self.full
    }

    fn close(&mut self) {
        if !self.open.body.is_empty() {
            self.full.payloads.push(std::mem::take(&mut self.open));
        }
    }
}
