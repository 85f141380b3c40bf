use std::fmt;

use towerkit_endpoint::{BoxError, Code, Error, Failure, Refusal, Report};

/// One that wraps another and says so, or says no more than it.
#[derive(Debug)]
struct Wrap(&'static str, BoxError);

impl fmt::Display for Wrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Wrap {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.1)
    }
}

#[test]
fn causes_stand_after_what_they_caused() {
    let error = Wrap("a", Wrap("b", "c".into()).into());
    assert_eq!(Report::new(&error).to_string(), "a: b: c");
}

#[test]
fn what_is_said_already_is_not_said_again() {
    let error = Wrap("can't connect: refused", Wrap("refused", "refused".into()).into());
    assert_eq!(Report::new(&error).to_string(), "can't connect: refused");
}

#[test]
fn what_only_classifies_is_left_out_unless_there_is_nothing_else() {
    assert_eq!(Report::new(&Wrap("shut", Code::Unavailable.into())).to_string(), "shut");
    assert_eq!(Report::new(&Wrap("shut", Refusal::new(Code::Unavailable).into())).to_string(), "shut");
    assert_eq!(Report::new(&Code::Unavailable).to_string(), Code::Unavailable.to_string());
}

#[test]
fn why_a_call_was_refused_stands_behind_what_it_was_refused_with() {
    let refusal = Refusal::new(Code::Unavailable).with_source(Wrap("shard 3", "it has moved".into()));
    assert_eq!(Report::new(&Wrap("shut", refusal.clone().into())).to_string(), "shut: shard 3: it has moved");
    // By itself it classifies, and what it says comes first all the same.
    assert!(Report::new(&refusal).to_string().ends_with(": shard 3: it has moved"));
    assert!(!refusal.to_string().contains("shard"));
}

#[test]
fn every_failure_that_is_an_error_can_be_reported() {
    fn report(failure: &impl Failure) -> Option<String> {
        failure.as_error().map(|error| Report::new(error).to_string())
    }
    let error = Error::new(Code::Internal, "sorry").with_source(std::io::Error::other("shard 3"));
    assert_eq!(report(&error).as_deref(), Some("sorry: shard 3"));
    assert_eq!(report(&BoxError::from(error)).as_deref(), Some("sorry: shard 3"));
}
