use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// What happens to spans on their way out: for a log.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExportEvent<'a> {
    /// A batch was sent.
    Sent {
        /// The type of the exporter.
        exporter: &'a str,
        /// How many spans.
        spans: usize,
    },
    /// A batch could not be sent, and will be tried again.
    Retrying {
        /// The type of the exporter.
        exporter: &'a str,
        /// How many spans.
        spans: usize,
        /// What the exporter says.
        error: &'a (dyn StdError + 'static),
        /// How long it waits before.
        after: Duration,
    },
    /// Spans are lost.
    Lost {
        /// The type of the exporter.
        exporter: &'a str,
        /// How many spans.
        spans: u64,
        /// Why.
        why: Loss<'a>,
    },
}

/// Why spans were lost.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Loss<'a> {
    /// So many waited already.
    Full,
    /// The exporter failed each time it was tried, or the collector rejected them; this is what the exporter said last.
    Failed(&'a (dyn StdError + 'static)),
    /// There was no time left at the stop.
    Stopped,
}

impl fmt::Display for ExportEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { exporter, spans } => write!(f, "{exporter}: {spans} spans sent"),
            Self::Retrying { exporter, spans, error, after } => {
                write!(f, "{exporter}: {spans} spans not sent, trying again in {after:?}: {error}")
            }
            Self::Lost { exporter, spans, why } => write!(f, "{exporter}: {spans} spans lost: {why}"),
        }
    }
}

impl fmt::Display for Loss<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("too many wait already"),
            Self::Failed(error) => error.fmt(f),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}
