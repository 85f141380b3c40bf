use std::any::Any;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::{NonBlocking, Stats};

/// Where whole lines go.
pub(crate) enum Output {
    /// Behind a lock, so that no line is torn.
    Locked {
        writer: Mutex<Box<dyn Write + Send>>,
        sent: AtomicU64,
        errors: AtomicU64,
    },
    NonBlocking(NonBlocking),
}

impl Output {
    pub(crate) fn new<W: Write + Send + 'static>(writer: W) -> Self {
        // It has a lock of its own, and more to tell than a `Write`.
        let mut writer = Some(writer);
        if let Some(found) = (&mut writer as &mut dyn Any).downcast_mut::<Option<NonBlocking>>().and_then(Option::take)
        {
            return Self::NonBlocking(found);
        }
        let writer: Box<dyn Write + Send> = match writer {
            Some(writer) => Box::new(writer),
            None => Box::new(std::io::sink()),
        };
        Self::Locked { writer: Mutex::new(writer), sent: AtomicU64::new(0), errors: AtomicU64::new(0) }
    }

    /// Writes a line; none where it was lost. With how many were lost before it, of which nothing was said so far.
    pub(crate) fn write(&self, line: &[u8]) -> Option<u64> {
        match self {
            Self::Locked { writer, sent, errors } => {
                // A writer that panicked is a writer all the same.
                let written = writer.lock().unwrap_or_else(PoisonError::into_inner).write_all(line);
                (if written.is_ok() { sent } else { errors }).fetch_add(1, Relaxed);
                written.ok().map(|()| 0)
            }
            Self::NonBlocking(writer) => writer.push(line),
        }
    }

    /// Writes a line that tells of so many lost ones.
    pub(crate) fn tell(&self, line: &[u8], lost: u64) {
        match self {
            Self::NonBlocking(writer) => writer.tell(line, lost),
            // It never has any to tell of: who waits sees the error at once.
            Self::Locked { .. } => {}
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        match self {
            Self::Locked { sent, errors, .. } => {
                let errors = errors.load(Relaxed);
                Stats { sent: sent.load(Relaxed), lost_failed: errors, errors, ..Stats::default() }
            }
            Self::NonBlocking(writer) => writer.stats(),
        }
    }
}
