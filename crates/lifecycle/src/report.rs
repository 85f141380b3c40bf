use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use towerkit_endpoint::BoxError;

/// How each member of a group ended, in the order they start.
///
/// `Display` is a line a member, after one that says who asked for the stop, where someone did.
#[derive(Debug, Default)]
pub struct GroupReport {
    pub(crate) members: Vec<MemberReport>,
    pub(crate) stop_asked_by: Option<String>,
}

/// How one member ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct MemberReport {
    /// Its name.
    pub name: Cow<'static, str>,
    /// How it ended.
    pub ending: MemberEnding,
    /// How long it took from being asked to stop; none where it was not asked.
    pub stop_took: Option<Duration>,
    /// Whether its task went on even when aborted, and still runs: it blocks its thread. A runtime waits for such a task when it
    /// is dropped; [`shutdown_timeout`](tokio::runtime::Runtime::shutdown_timeout) does not.
    pub left_behind: bool,
}

impl fmt::Display for MemberReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.ending)?;
        if let (MemberEnding::Stopped, Some(took)) = (&self.ending, self.stop_took) {
            write!(f, " in {took:?}")?;
        }
        if self.left_behind {
            f.write_str(", and still runs: it blocks its thread")?;
        }
        Ok(())
    }
}

/// How a member ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum MemberEnding {
    /// The group ended before its turn to start.
    NotStarted,
    /// It ended well, without being asked.
    Finished,
    /// It was asked, and ended well.
    Stopped,
    /// It returned an error.
    Failed(BoxError),
    /// It panicked with this text.
    Panicked(String),
    /// It was not ready within the start timeout, and was aborted.
    NotReady {
        /// The limit.
        limit: Duration,
    },
    /// It was asked, had not ended at its stop timeout, and was aborted.
    Overdue {
        /// The limit.
        limit: Duration,
    },
    /// The drain was given up before it ended, and it was aborted.
    Aborted,
}

impl MemberEnding {
    /// Whether nothing went wrong with the member.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::NotStarted | Self::Finished | Self::Stopped)
    }
}

impl fmt::Display for MemberEnding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted => f.write_str("not started"),
            Self::Finished => f.write_str("ended by itself"),
            Self::Stopped => f.write_str("stopped"),
            Self::Failed(error) => {
                write!(f, "failed: {error}")?;
                let mut cause = error.source();
                while let Some(error) = cause {
                    write!(f, ": {error}")?;
                    cause = error.source();
                }
                Ok(())
            }
            Self::Panicked(text) => write!(f, "panicked: {text}"),
            Self::NotReady { limit } => write!(f, "was not ready within {limit:?}, and was aborted"),
            Self::Overdue { limit } => write!(f, "did not stop within {limit:?}, and was aborted"),
            Self::Aborted => f.write_str("was aborted, as the drain was given up"),
        }
    }
}

impl GroupReport {
    /// Every member.
    #[must_use]
    pub fn members(&self) -> &[MemberReport] {
        &self.members
    }

    /// Who asked for the stop, and why, as in `signals: SIGTERM`. None where the stop began with a member's end.
    #[must_use]
    pub fn stop_asked_by(&self) -> Option<&str> {
        self.stop_asked_by.as_deref()
    }

    /// Those that did not stop in time.
    pub fn overdue(&self) -> impl Iterator<Item = &MemberReport> {
        self.members
            .iter()
            .filter(|member| matches!(member.ending, MemberEnding::Overdue { .. } | MemberEnding::Aborted))
    }
}

impl fmt::Display for GroupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(by) = &self.stop_asked_by {
            writeln!(f, "stop asked for by {by}")?;
        }
        for member in &self.members {
            writeln!(f, "{member}")?;
        }
        Ok(())
    }
}

/// A group that did not end well: a member failed, panicked, was not ready in time, or did not stop in time.
///
/// `Display` names each such member and what happened to it, with every cause. `Debug` is the same text, as that is what is printed
/// of an error that `main` returns; `{:#?}` shows all.
pub struct GroupError {
    report: GroupReport,
}

impl GroupError {
    pub(crate) const fn new(report: GroupReport) -> Self {
        Self { report }
    }

    /// How each member ended.
    #[must_use]
    pub const fn report(&self) -> &GroupReport {
        &self.report
    }
}

impl fmt::Display for GroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bad = self.report.members.iter().filter(|member| !member.ending.is_good());
        for (index, member) in bad.enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{member}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for GroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f.debug_struct("GroupError").field("report", &self.report).finish();
        }
        fmt::Display::fmt(self, f)
    }
}

impl StdError for GroupError {}
