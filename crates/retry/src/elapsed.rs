use std::fmt;

use towerkit_endpoint::{Classify, Code, Refusal};

/// An attempt took longer than it may. The leaf error of an attempt that [`RetryLayer`](crate::RetryLayer) cut off, among
/// those of [`Exhausted`](crate::Exhausted).
#[derive(Clone, Debug)]
pub struct AttemptElapsed {
    /// Of an attempt that was not made, since the service did not become ready in time.
    /// Boxed, since it is large and every call has room for it.
    not_sent: Option<Box<Refusal>>,
}

impl AttemptElapsed {
    pub(crate) fn new(sent: bool) -> Self {
        Self { not_sent: (!sent).then(|| Box::new(Refusal::new(Code::DeadlineExceeded))) }
    }
}

impl fmt::Display for AttemptElapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline exceeded")
    }
}

impl std::error::Error for AttemptElapsed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.not_sent {
            Some(refusal) => Some(&**refusal),
            None => Some(&Code::DeadlineExceeded),
        }
    }
}

impl Classify for AttemptElapsed {
    fn code(&self) -> Code {
        Code::DeadlineExceeded
    }
}
