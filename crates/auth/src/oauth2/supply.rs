use std::time::{Duration, SystemTime};

use super::backoff::Backoff;
use crate::credentials::{Held, KeptToken, Token, is_within};
use crate::{Credentials, NoCredentials};

/// Whether a call has a token, waits for one, or has one fetched. It is given the time, and does nothing itself.
///
/// `W` is what a call waits on.
#[derive(Debug)]
pub(super) struct Supply<W> {
    kept: KeptToken,
    backoff: Backoff,
    fetch: Option<Fetch<W>>,
    fetches: u64,
}

/// One that is under way.
#[derive(Debug)]
struct Fetch<W> {
    number: u64,
    began: SystemTime,
    /// By then it is over, or it is lost: its runtime does not run.
    overdue: SystemTime,
    wait: W,
}

/// What a call does.
#[derive(Debug)]
pub(super) enum Step<W> {
    /// It goes out with these.
    Use(Credentials),
    /// It waits for the fetch that is under way.
    Wait(W),
    /// It [begins](Supply::begin) a fetch, and waits for it where there is nothing to go out with meanwhile.
    Fetch(Option<Credentials>),
    /// A fetch has just failed.
    Fail(NoCredentials),
}

/// How a fetch has failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: NoCredentials,
    /// For how long the issuer wants to be left alone.
    pub(super) asked_for: Option<Duration>,
}

impl<W> Supply<W> {
    pub(super) fn new() -> Self {
        Self { kept: KeptToken::default(), backoff: Backoff::default(), fetch: None, fetches: 0 }
    }

    /// A fetch begins, which takes so long at most. Gives its number.
    pub(super) fn begin(&mut self, wait: W, within: Duration, now: SystemTime) -> u64 {
        self.fetches += 1;
        let overdue = now.checked_add(within).unwrap_or(now);
        self.fetch = Some(Fetch { number: self.fetches, began: now, overdue, wait });
        self.fetches
    }

    /// It has ended. What calls that wait for it have, is given back.
    pub(super) fn end(
        &mut self,
        number: u64,
        outcome: Result<Token, Failed>,
        now: SystemTime,
    ) -> Result<Credentials, NoCredentials> {
        // Another one may have been begun since, where it was overdue.
        let is_current = self.fetch.as_ref().is_some_and(|fetch| fetch.number == number);
        if is_current {
            self.fetch = None;
        }
        match outcome {
            Ok(token) => {
                self.backoff.succeeded();
                Ok(self.kept.keep(token).clone())
            }
            Err(Failed { error, asked_for }) => {
                if is_current {
                    self.backoff.failed(error.clone(), asked_for, now);
                }
                Err(error)
            }
        }
    }

    /// It has ended without an outcome: its runtime has.
    pub(super) fn lose(&mut self, number: u64) {
        self.fetch.take_if(|fetch| fetch.number == number);
    }

    pub(super) fn rejected(&mut self, credentials: &Credentials, now: SystemTime) {
        self.kept.rejected(credentials, now);
    }
}

impl<W: Clone> Supply<W> {
    /// What a call does now.
    pub(super) fn step(&self, now: SystemTime) -> Step<W> {
        let under_way = self.fetch.as_ref().filter(|fetch| is_within(now, fetch.began, fetch.overdue));
        match self.kept.held(now) {
            Held::Fresh(credentials) => Step::Use(credentials.clone()),
            Held::Old(credentials) if under_way.is_some() || self.backoff.failure(now).is_some() => {
                Step::Use(credentials.clone())
            }
            Held::Old(credentials) => Step::Fetch(Some(credentials.clone())),
            Held::None => match (under_way, self.backoff.failure(now)) {
                (Some(fetch), _) => Step::Wait(fetch.wait.clone()),
                (None, Some(error)) => Step::Fail(error),
                (None, None) => Step::Fetch(None),
            },
        }
    }
}

#[cfg(test)]
mod tests;
