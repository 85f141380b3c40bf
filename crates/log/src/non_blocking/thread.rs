use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use super::queue::{Lines, Queue};

/// What the thread writes to.
pub(crate) trait Sink: Send + 'static {
    /// Writes all lines, or says what is lost.
    fn write(&mut self, lines: &Lines, queue: &Queue);
}

/// Any writer: as many lines at once as there are.
pub(super) struct Plain<W>(pub(super) W);

impl<W: Write + Send + 'static> Sink for Plain<W> {
    fn write(&mut self, lines: &Lines, queue: &Queue) {
        let mut written = 0;
        while let Some(rest @ [_, ..]) = lines.bytes.get(written..) {
            match self.0.write(rest) {
                Ok(count @ 1..) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    queue.failed();
                    let out = lines.ends.partition_point(|end| end.at <= written);
                    queue.lose(lines.ends.get(out..).unwrap_or_default());
                    return;
                }
            }
        }
        if self.0.flush().is_err() {
            queue.failed();
        }
    }
}

pub(super) fn start(queue: &Arc<Queue>, mut sink: impl Sink) {
    let work = {
        let queue = Ended(Arc::clone(queue));
        move || {
            let Ended(queue) = &queue;
            let mut lines = Lines::default();
            while queue.take(&mut lines) {
                sink.write(&lines, queue);
            }
        }
    };
    if thread::Builder::new().name("towerkit-log".to_owned()).spawn(work).is_err() {
        queue.failed();
    }
}

/// However the thread ends, by a panic of the writer too, nobody waits for it.
struct Ended(Arc<Queue>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.refuse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer with room for so many bytes, which then fails.
    struct Room(usize);

    impl Write for Room {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.0);
            self.0 -= count;
            if count == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(count) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn of_lines_that_are_written_in_part_those_that_are_whole_are_not_lost() {
        for (room, sent) in [(0, 0), (3, 0), (4, 1), (9, 2), (12, 3)] {
            let queue = Queue::new(1000);
            (0..3).for_each(|_| assert!(queue.push(b"one\n").is_some()));
            queue.close();
            let mut lines = Lines::default();
            assert!(queue.take(&mut lines));
            Plain(Room(room)).write(&lines, &queue);
            assert!(!queue.take(&mut lines));
            let stats = queue.stats();
            assert_eq!((stats.sent, stats.lost_failed), (sent, 3 - sent), "{room}");
            assert_eq!(stats.errors, u64::from(sent < 3), "{room}");
        }
    }
}
