use std::time::{Duration, SystemTime};

use super::{Failed, Step, Supply};
use crate::credentials::Token;
use crate::{Credentials, NoCredentials};

const WITHIN: Duration = Duration::from_secs(10);

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

fn token(name: &str, made: u64) -> Token {
    let lifetime = Duration::from_secs(1000);
    Token::new(Credentials::bearer(name).unwrap(), at(made), lifetime, Duration::from_secs(100))
}

fn failed() -> Failed {
    Failed { error: NoCredentials::new(std::io::Error::other("down")), asked_for: None }
}

/// What a call does, in a word and the token it has.
fn step(supply: &Supply<&'static str>, now: u64) -> String {
    let told = |credentials: &Credentials| credentials.value().to_str().unwrap().replace("Bearer ", "");
    match supply.step(at(now)) {
        Step::Use(credentials) => format!("use {}", told(&credentials)),
        Step::Wait(wait) => format!("wait for {wait}"),
        Step::Fetch(None) => "fetch".to_owned(),
        Step::Fetch(Some(meanwhile)) => format!("fetch, use {}", told(&meanwhile)),
        Step::Fail(_) => "fail".to_owned(),
    }
}

/// One that has a token from a time on.
fn supplied(now: u64) -> Supply<&'static str> {
    let mut supply = Supply::new();
    let number = supply.begin("first", WITHIN, at(now));
    supply.end(number, Ok(token("a", now)), at(now)).unwrap();
    supply
}

#[test]
fn the_first_call_fetches_and_the_others_wait_for_it() {
    let mut supply = Supply::new();
    assert_eq!(step(&supply, 0), "fetch");
    let number = supply.begin("first", WITHIN, at(0));
    assert_eq!(step(&supply, 0), "wait for first");
    assert_eq!(step(&supply, 9), "wait for first");
    supply.end(number, Ok(token("a", 0)), at(9)).unwrap();
    assert_eq!(step(&supply, 9), "use a");
}

#[test]
fn one_call_renews_and_all_use_the_old_token_meanwhile() {
    let mut supply = supplied(0);
    assert_eq!(step(&supply, 899), "use a");
    assert_eq!(step(&supply, 900), "fetch, use a");
    let number = supply.begin("second", WITHIN, at(900));
    assert_eq!(step(&supply, 901), "use a");
    supply.end(number, Ok(token("b", 900)), at(902)).unwrap();
    assert_eq!(step(&supply, 902), "use b");
}

#[test]
fn the_old_token_is_used_while_the_issuer_is_down_until_it_expires() {
    let mut supply = supplied(0);
    let mut fetches = 0;
    for now in 900..995 {
        let told = step(&supply, now);
        assert!(told.ends_with("use a"), "{told} at {now}");
        if told.starts_with("fetch") {
            fetches += 1;
            let number = supply.begin("another", WITHIN, at(now));
            supply.end(number, Err(failed()), at(now)).unwrap_err();
        }
    }
    assert_eq!(fetches, 13, "after 0, 1, 2, 4, 8 and 16 s, in whole ones, and then each 10 s");
    assert_eq!(step(&supply, 995), "fail");
    assert_eq!(step(&supply, 996), "fetch");
}

#[test]
fn after_a_failure_calls_fail_until_the_pause_is_over() {
    let mut supply = Supply::new();
    let number = supply.begin("first", WITHIN, at(0));
    supply.end(number, Err(failed()), at(3)).unwrap_err();
    assert_eq!(step(&supply, 3), "fail");
    assert_eq!(step(&supply, 4), "fetch");
}

#[test]
fn a_rejected_token_is_fetched_anew() {
    let mut supply = supplied(0);
    supply.rejected(&Credentials::bearer("a").unwrap(), at(5));
    assert_eq!(step(&supply, 5), "fetch");
}

#[test]
fn a_fetch_that_is_overdue_is_waited_for_no_more_and_takes_nothing_from_the_next() {
    let mut supply = Supply::new();
    let first = supply.begin("first", WITHIN, at(0));
    assert_eq!(step(&supply, 10), "fetch");
    let second = supply.begin("second", WITHIN, at(10));
    supply.end(first, Err(failed()), at(11)).unwrap_err();
    supply.lose(first);
    assert_eq!(step(&supply, 11), "wait for second");
    supply.end(second, Ok(token("b", 11)), at(11)).unwrap();
    assert_eq!(step(&supply, 11), "use b");
}

#[test]
fn a_fetch_that_is_lost_is_begun_anew() {
    let mut supply = Supply::new();
    let number = supply.begin("first", WITHIN, at(0));
    supply.lose(number);
    assert_eq!(step(&supply, 1), "fetch");
}
