use std::fmt;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::Targets;

/// Which lines are written: a level for each target, as [`Logger::set_filter`](crate::Logger::set_filter) reads it.
#[derive(Debug)]
pub(crate) struct Filter {
    text: String,
    targets: Targets,
    /// The most detailed level of any target.
    pub(crate) max: LevelFilter,
    pub(crate) requests: LevelFilter,
    pub(crate) calls: LevelFilter,
}

impl Filter {
    /// What a new logger has.
    pub(crate) fn info() -> Self {
        Self::of("info".to_owned(), Targets::new().with_default(LevelFilter::INFO), LevelFilter::INFO)
    }

    fn of(text: String, targets: Targets, max: LevelFilter) -> Self {
        let [requests, calls] = ["request", "call"].map(|target| highest(&targets, target));
        Self { text, targets, max, requests, calls }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, InvalidFilter> {
        let mut targets = Targets::new();
        let mut max = LevelFilter::OFF;
        for part in text.split(',').map(str::trim) {
            let invalid = || InvalidFilter { part: part.to_owned() };
            let (target, level) = match part.rsplit_once('=') {
                Some((target, level)) => (Some(target.trim()), level.trim()),
                None => (None, part),
            };
            let level: LevelFilter = match level {
                "" => return Err(invalid()),
                level => level.parse().map_err(|_| invalid())?,
            };
            targets = match target {
                Some("") => return Err(invalid()),
                Some(target) => targets.with_target(target, level),
                None => targets.with_default(level),
            };
            max = max.max(level);
        }
        Ok(Self::of(text.to_owned(), targets, max))
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn enables(&self, metadata: &Metadata<'_>) -> bool {
        self.targets.would_enable(metadata.target(), metadata.level())
    }
}

fn highest(targets: &Targets, target: &str) -> LevelFilter {
    [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR]
        .into_iter()
        .find(|level| targets.would_enable(target, level))
        .map_or(LevelFilter::OFF, LevelFilter::from_level)
}

/// A part of a filter that is neither a level nor `target=level`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFilter {
    part: String,
}

impl InvalidFilter {
    /// The part, as it was given.
    #[must_use]
    pub fn part(&self) -> &str {
        &self.part
    }
}

impl fmt::Display for InvalidFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part } = self;
        write!(
            f,
            "{part:?} in a filter of logs is neither a level (off, error, warn, info, debug, trace) nor target=level"
        )
    }
}

impl std::error::Error for InvalidFilter {}
