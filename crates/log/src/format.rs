//! How a line is written: its head, its fields, its end.

mod encoded;
mod escape;
mod line;
mod number;
mod time;
mod value;

use tracing::Level;

pub(crate) use encoded::{Encoded, Names};
pub(crate) use line::{Line, syslog_name};
pub(crate) use value::Value;

/// The most that one value may take, with its escapes, in bytes.
pub(crate) const VALUE_LIMIT: usize = 8 * 1024;
/// The same of a line.
pub(crate) const LINE_LIMIT: usize = 64 * 1024;

/// Where the forms differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Logfmt,
    Json,
    Terminal { coloured: bool },
    Syslog,
}

impl Format {
    /// Receivers of syslog take messages of 8 KiB at most, unless they are told to take more; and a datagram has an end.
    pub(crate) const fn value_limit(self) -> usize {
        match self {
            Self::Syslog => 2 * 1024,
            Self::Logfmt | Self::Json | Self::Terminal { .. } => VALUE_LIMIT,
        }
    }

    pub(crate) const fn line_limit(self) -> usize {
        match self {
            Self::Syslog => 6 * 1024, // and the message beside it
            Self::Logfmt | Self::Json | Self::Terminal { .. } => LINE_LIMIT,
        }
    }

    pub(crate) const fn name_limit(self) -> usize {
        match self {
            // RFC 5424, section 6.3.3.
            Self::Syslog => 32,
            Self::Logfmt | Self::Json | Self::Terminal { .. } => 64,
        }
    }
}

pub(crate) const fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}
