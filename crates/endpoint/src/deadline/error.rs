use std::fmt;

use crate::{Classify, Code};

/// The time for a call ran out. The leaf error of [`DeadlineLayer`](crate::DeadlineLayer).
#[derive(Clone, Debug)]
pub struct DeadlineElapsed(());

impl DeadlineElapsed {
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for DeadlineElapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline exceeded")
    }
}

impl std::error::Error for DeadlineElapsed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Code::DeadlineExceeded)
    }
}

impl Classify for DeadlineElapsed {
    fn code(&self) -> Code {
        Code::DeadlineExceeded
    }
}
