//! What the suite found, law by law.
//!
//! ```
//! use towerkit_testing::contract::{Contract, Law};
//! use towerkit_testing::report::Outcome;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // The bare probe is the simplest thing that keeps the laws.
//! let report = Contract::new(|probe| probe, || "a request").report().await;
//!
//! assert_eq!(report.broken(), []);
//! assert_eq!(*report.outcome(Law::CallsTheReadied).unwrap(), Outcome::Kept);
//! assert!(matches!(report.outcome(Law::ReadiesEachAttempt), Some(Outcome::NotApplicable(_))));
//! println!("{report}"); // each law, and what could not be checked
//! # }
//! ```

use core::fmt;

use crate::contract::Law;

/// The findings of a [`Contract`](crate::contract::Contract), in the order of the laws.
///
/// [`Display`](fmt::Display) gives one line a law, and one more for each part that was not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
}

/// What was found about one law.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The law.
    pub law: Law,
    /// Kept, not applicable or broken.
    pub outcome: Outcome,
    /// The parts of the law that could not be checked on this layer, and why. Empty when all of it was.
    pub unchecked: Vec<String>,
}

/// How a layer stands to a law.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// What was checked of the law holds.
    Kept,
    /// The law says nothing about this layer as it was declared; the reason says why.
    NotApplicable(String),
    /// The law does not hold.
    Broken {
        /// What the suite expected.
        expected: String,
        /// What it saw.
        seen: String,
    },
}

impl Report {
    pub(crate) fn new(findings: Vec<Finding>) -> Self {
        Self { findings }
    }

    /// One finding for each law.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The outcome for one law.
    #[must_use]
    pub fn outcome(&self, law: Law) -> Option<&Outcome> {
        self.findings.iter().find(|finding| finding.law == law).map(|finding| &finding.outcome)
    }

    /// The laws that are broken. Empty when the layer keeps its contract.
    #[must_use]
    pub fn broken(&self) -> Vec<Law> {
        self.findings.iter().filter(|finding| finding.is_broken()).map(|finding| finding.law).collect()
    }
}

impl Finding {
    /// Whether the law is broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        matches!(self.outcome, Outcome::Broken { .. })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.outcome)?;
        self.unchecked.iter().try_for_each(|part| write!(f, "\n  not checked: {part}"))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("kept"),
            Self::NotApplicable(why) => write!(f, "not applicable: {why}"),
            Self::Broken { expected, seen } => {
                write!(f, "BROKEN\n  expected: {expected}\n  seen: {seen}")
            }
        }
    }
}
