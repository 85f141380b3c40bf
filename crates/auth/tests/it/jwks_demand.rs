//! Fetches that callers ask for, by keys that are not known.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use towerkit_auth::{Answer, JwksEvent, Principal, Reason};

use crate::jwks_issuer::{Issuer, Running, SOON, told};
use crate::jwks_keys::{SigningKey, outcome, said_of, verifier};

fn keys() -> (SigningKey, SigningKey) {
    (SigningKey::new("old", 1), SigningKey::new("new", 2))
}

/// What is said without a wait.
fn said_at_once(verdict: Answer<Principal>) -> &'static str {
    match pin!(outcome(verdict)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(reason)) => reason.as_str(),
        Poll::Ready(Ok(_)) => "ok",
        Poll::Pending => "it waits",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_with_the_same_new_key_make_one_fetch_and_all_pass() {
    let (old, new) = keys();
    let issuer = Issuer::with([&old]).await;
    let keys = issuer.keys();
    let verifier = verifier(&keys);
    let member = Running::start(keys).await;
    assert_eq!(issuer.asked(), 1);

    issuer.publish([&old, &new]);
    issuer.hold(true);
    let token = new.token();
    let waiting: Vec<_> = (0..1000).map(|_| verifier.verify(&token)).collect();
    assert!(waiting.iter().all(|verdict| matches!(verdict, Answer::Later(_))));
    let waiting: Vec<_> = waiting.into_iter().map(|verdict| tokio::spawn(outcome(verdict))).collect();
    // Known keys are looked at meanwhile.
    assert!(matches!(verifier.verify(&old.token()), Answer::Now(Ok(_))));
    issuer.hold(false);
    for caller in waiting {
        assert_eq!(caller.await.unwrap().unwrap().subject(), "ada");
    }
    assert_eq!(issuer.asked(), 2);
    assert!(matches!(verifier.verify(&token), Answer::Now(Ok(_))));
    member.stop(SOON).await.unwrap();
}

/// Some of them look before the keys are there, and ask when they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tasks_with_the_same_new_key_make_one_fetch_and_all_pass() {
    let (old, new) = keys();
    let issuer = Issuer::with([&old]).await;
    let keys = issuer.keys().cool_down(Duration::ZERO);
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    issuer.publish([&old, &new]);
    let callers: Vec<_> = (0..1000)
        .map(|_| {
            let (verifier, token) = (verifier.clone(), new.token());
            tokio::spawn(async move { said_of(&verifier, &token).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "ok");
    }
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_made_up_keys_make_no_more_fetches_than_the_cool_down_allows() {
    const COOL_DOWN: Duration = Duration::from_millis(250);
    let (old, _) = keys();
    let issuer = Issuer::with([&old]).await;
    let keys = issuer.keys().cool_down(COOL_DOWN);
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    let (begun, asked) = (Instant::now(), issuer.asked());
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let verifier = verifier.clone();
            tokio::spawn(async move {
                let old = SigningKey::new("old", 1);
                for call in 0..1250 {
                    let made_up = old.token_naming(&format!("{caller}-{call}"));
                    assert_eq!(said_of(&verifier, &made_up).await, "unknown_key");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let allowed = 1 + begun.elapsed().as_millis() / COOL_DOWN.as_millis();
    let made = issuer.asked() - asked;
    assert!((1..=allowed).contains(&(made as u128)), "{made} fetches, {allowed} allowed");
    assert_eq!(said_of(&verifier, &old.token()).await, "ok");
}

#[tokio::test]
async fn during_the_cool_down_an_unknown_key_is_refused_at_once() {
    let (old, new) = keys();
    let issuer = Issuer::with([&old]).await;
    let keys = issuer.keys();
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    assert_eq!(said_of(&verifier, &new.token()).await, "unknown_key");
    issuer.publish([&new]);
    for _ in 0..100 {
        assert!(
            matches!(verifier.verify(&new.token()), Answer::Now(Err(Reason::UnknownKey(Some(kid)))) if kid == "new")
        );
    }
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn no_more_callers_wait_than_may_and_none_for_longer_than_it_may() {
    let (old, new) = keys();
    let issuer = Issuer::with([&old]).await;
    let keys = issuer.keys().max_waiting(2).max_wait(Duration::from_millis(200));
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    issuer.hold(true);
    let begun = Instant::now();
    let (first, second) = (verifier.verify(&new.token()), verifier.verify(&new.token()));
    // Anybody can name keys that are not known, and so fill the places: it is no fault of the service.
    assert_eq!(said_at_once(verifier.verify(&new.token())), "unknown_key");

    // Whoever gives up makes room.
    drop(second);
    let third = verifier.verify(&new.token());
    assert!(matches!(third, Answer::Later(_)));
    for waiting in [first, third] {
        assert_eq!(outcome(waiting).await.unwrap_err().as_str(), "unknown_key");
    }
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert!(begun.elapsed() < Duration::from_secs(5), "not as long as the fetch may take");
    assert_eq!(said_of(&verifier, &old.token()).await, "ok");
}

#[tokio::test]
async fn where_there_never_were_keys_too_many_callers_are_an_overload() {
    let (old, _) = keys();
    let issuer = Issuer::with([&old]).await;
    issuer.hold(true);
    let keys = issuer.keys().max_waiting(1);
    let verifier = verifier(&keys);
    let _member = Running::begin(keys);
    issuer.wait_asked(1).await;
    let waits = verifier.verify(&old.token());
    assert_eq!(said_at_once(verifier.verify(&old.token())), "overloaded");
    issuer.hold(false);
    assert_eq!(outcome(waits).await.unwrap().subject(), "ada");
}

#[tokio::test]
async fn a_fetch_on_demand_goes_past_caches_and_no_other_does() {
    let (old, new) = keys();
    let issuer = Issuer::with([&old]).await;
    let keys = issuer.keys();
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    assert_eq!((issuer.asked(), issuer.asked_past_caches()), (1, 0));
    issuer.publish([&new]);
    assert_eq!(said_of(&verifier, &new.token()).await, "ok");
    assert_eq!((issuer.asked(), issuer.asked_past_caches()), (2, 1));
}

#[tokio::test]
async fn a_caller_who_gives_up_does_not_end_the_fetch() {
    let (old, new) = keys();
    let issuer = Issuer::with([&old]).await;
    let (keys, events) = told(issuer.keys());
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    issuer.publish([&new]);
    issuer.hold(true);
    drop(verifier.verify(&new.token()));
    issuer.hold(false);
    events.wait_len(2, SOON).await;
    assert!(matches!(verifier.verify(&new.token()), Answer::Now(Ok(_))));
}

#[tokio::test]
async fn where_the_member_does_not_run_nobody_waits_and_the_reason_says_so() {
    let (old, _) = keys();
    let issuer = Issuer::with([&old]).await;
    let keys = issuer.keys();
    let verifier = verifier(&keys);
    let reason = outcome(verifier.verify(&old.token())).await.unwrap_err();
    assert_eq!(reason.as_str(), "unavailable");
    let url = format!("{}/jwks.json", issuer.origin());
    assert_eq!(
        reason.to_string(),
        format!(
            "the credentials can't be checked: the keys from {url} are not fetched: their member does not run: add the JwksUrl to the run group"
        )
    );
    assert_eq!(issuer.asked(), 0);
    drop(keys);
    assert_eq!(said_of(&verifier, &old.token()).await, "unavailable");
}

#[tokio::test]
async fn who_waits_when_the_member_stops_is_let_go_and_known_keys_stay() {
    let (old, new) = keys();
    let issuer = Issuer::with([&old]).await;
    let keys = issuer.keys();
    let verifier = verifier(&keys);
    let member = Running::start(keys).await;
    issuer.hold(true);
    let waiting = verifier.verify(&new.token());
    let begun = Instant::now();
    member.stop(SOON).await.unwrap();
    let reason = outcome(waiting).await.unwrap_err();
    assert!(reason.to_string().ends_with("add the JwksUrl to the run group"), "{reason}");
    assert!(begun.elapsed() < Duration::from_secs(4), "it does not wait for the fetch");
    assert_eq!(said_of(&verifier, &old.token()).await, "ok");
}

#[tokio::test]
async fn tokens_that_name_no_key_ask_for_keys_where_there_are_none() {
    let mut issuer = Issuer::down();
    let (keys, events) = told(issuer.keys().cool_down(Duration::ZERO));
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    let old = SigningKey::new("old", 1);
    let token = old.token_naming_none();
    issuer.publish([&old]);
    // Until the next retry is far off.
    let retry = loop {
        let before = Instant::now();
        assert_eq!(said_of(&verifier, &token).await, "unavailable");
        match events.snapshot().last() {
            Some(JwksEvent::Failed { next, .. }) if *next > Duration::from_secs(8) => break before + *next,
            _ => {}
        }
    };
    issuer.come_up().await;
    assert_eq!(said_of(&verifier, &token).await, "ok", "nobody waits for the retry");
    assert!(Instant::now() < retry, "the retry was still to come");
}

#[tokio::test]
async fn without_keys_the_reason_is_the_failure_and_a_caller_learns_that_it_is_not_its_fault() {
    let issuer = Issuer::down();
    let keys = issuer.keys();
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    let old = SigningKey::new("old", 1);
    // One that was fetched for, and one in the cool-down.
    for _ in 0..2 {
        let reason = outcome(verifier.verify(&old.token())).await.unwrap_err();
        assert_eq!(reason.code(), towerkit_endpoint::Code::Unavailable);
        let report = towerkit_endpoint::Report::new(&reason).to_string();
        let url = format!("{}/jwks.json", issuer.origin());
        let expected = format!("the credentials can't be checked: there are no keys from {url}: no answer: ");
        assert!(report.starts_with(&expected), "{report}");
    }
}
