use std::error::Error as StdError;
use std::fmt;

use crate::error::causes;
use crate::{Code, Refusal};

/// An error and all that caused it, for operators: `message: cause: cause`. Never for a caller.
///
/// It leaves out [`Code`] and [`Refusal`] where they are sources, since they classify and explain nothing, and a cause whose text stands at
/// the end of what was written already.
///
/// ```
/// use towerkit_endpoint::{Code, Error, Report};
///
/// let error = Error::new(Code::Unavailable, "no booking just now").with_source(std::io::Error::other("shard 3 is read-only"));
/// assert_eq!(Report::new(&error).to_string(), "no booking just now: shard 3 is read-only");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Report<'a>(&'a (dyn StdError + 'static));

impl<'a> Report<'a> {
    /// Of an error of any type.
    #[must_use]
    pub const fn new(error: &'a (dyn StdError + 'static)) -> Self {
        Self(error)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = self.0.to_string();
        for cause in causes(self.0).skip(1).filter(|cause| !cause.is::<Code>() && !cause.is::<Refusal>()) {
            let text = cause.to_string();
            if !text.is_empty() && !written.ends_with(&text) {
                written.push_str(": ");
                written.push_str(&text);
            }
        }
        f.write_str(&written)
    }
}
