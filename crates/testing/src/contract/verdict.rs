use crate::report::Outcome;

/// What the check of a law comes to: the parts it could not check, or why it stopped.
pub(super) type Verdict = Result<Vec<String>, Stop>;

#[derive(Debug)]
pub(super) struct Stop(pub(super) Outcome);

pub(super) fn broken(expected: impl Into<String>, seen: impl Into<String>) -> Stop {
    Stop(Outcome::Broken { expected: expected.into(), seen: seen.into() })
}

pub(super) fn not_applicable(why: impl Into<String>) -> Stop {
    Stop(Outcome::NotApplicable(why.into()))
}

/// Goes on if `holds`. `seen` is only built when it does not.
pub(super) fn expect(holds: bool, expected: &str, seen: impl FnOnce() -> String) -> Result<(), Stop> {
    if holds { Ok(()) } else { Err(broken(expected, seen())) }
}
