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
