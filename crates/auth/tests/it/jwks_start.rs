//! The start, the interval, and how old keys may get.

use std::time::Duration;

use http::Response;
use tokio::time::{sleep, timeout};
use towerkit_auth::{JwksEvent, JwksUrl};
use towerkit_http_client::HttpClient;
use towerkit_lifecycle::{Group, member_fn};

use crate::jwks_issuer::{Issuer, Running, SOON, is_failed, is_refreshed, next, told};
use crate::jwks_keys::{SigningKey, jwks, said_of, verifier};

#[tokio::test]
async fn an_issuer_that_is_down_does_not_keep_the_group_from_starting() {
    let issuer = Issuer::down();
    let (keys, events) = told(issuer.keys());
    let last = member_fn("last", |lifeline| async move {
        lifeline.ready();
        Ok(())
    });
    Group::new().with(keys).with(last).run().await.unwrap();
    assert!(is_failed(&events.snapshot()[0]));
}

#[tokio::test]
async fn when_the_group_has_started_there_are_keys() {
    let old = SigningKey::new("old", 1);
    let issuer = Issuer::with([&old]).await;
    let keys = issuer.keys();
    let verifier = verifier(&keys);
    let last = member_fn("last", move |lifeline| async move {
        lifeline.ready();
        assert!(matches!(verifier.verify(&old.token()), towerkit_auth::Answer::Now(Ok(_))));
        Ok(())
    });
    Group::new().with(keys).with(last).run().await.unwrap();
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn required_keys_are_waited_for() {
    let old = SigningKey::new("old", 1);
    let mut issuer = Issuer::down();
    let (keys, events) = told(issuer.keys().required());
    let running = Running::begin(keys);
    events.wait_len(2, SOON).await;
    assert!(timeout(Duration::from_millis(10), running.stopper.ready()).await.is_err(), "not ready");
    issuer.publish([&old]);
    issuer.come_up().await;
    timeout(SOON, running.stopper.ready()).await.unwrap();
    assert!(is_refreshed(events.snapshot().last().unwrap()));
}

#[tokio::test]
async fn required_keys_that_do_not_come_fail_the_start() {
    let issuer = Issuer::down();
    let group = Group::new().start_timeout(Duration::from_millis(300)).with(issuer.keys().required());
    let error = timeout(SOON, group.run()).await.unwrap().unwrap_err().to_string();
    assert!(error.contains(&format!("keys from {}/jwks.json", issuer.origin())), "{error}");
}

#[tokio::test]
async fn keys_are_fetched_at_an_interval_and_one_taken_back_is_gone_after_it() {
    let (old, new) = (SigningKey::new("old", 1), SigningKey::new("new", 2));
    let issuer = Issuer::with([&old]).await;
    let (keys, events) = told(issuer.keys().interval(Duration::from_millis(100)));
    let verifier = verifier(&keys);
    let member = Running::start(keys).await;
    assert_eq!(said_of(&verifier, &old.token()).await, "ok");
    issuer.publish([&new]);
    // One that was under way may have the old ones.
    next(&events, is_refreshed).await;
    next(&events, is_refreshed).await;
    assert_eq!(said_of(&verifier, &old.token()).await, "unknown_key");
    assert_eq!(said_of(&verifier, &new.token()).await, "ok");
    member.stop(SOON).await.unwrap();
    let asked = issuer.asked();
    sleep(Duration::from_millis(300)).await;
    assert_eq!(issuer.asked(), asked, "it has stopped");
}

#[tokio::test]
async fn a_reply_that_is_good_for_less_than_the_interval_is_fetched_anew_earlier() {
    let keys = jwks([&SigningKey::new("old", 1)]);
    for (says, least, most) in [("max-age=120", 108, 120), ("max-age=7, no-cache", 54, 60), ("max-age=86400", 270, 300)]
    {
        let mut issuer = Issuer::down();
        let keys = keys.clone();
        issuer.answer(move |_| Response::builder().header("cache-control", says).body(keys.clone().into()).unwrap());
        issuer.come_up().await;
        let (keys, events) = told(issuer.keys());
        let _member = Running::start(keys).await;
        let [JwksEvent::Refreshed { next, .. }] = events.take()[..] else { panic!("{events:?}") };
        assert!((least..=most).contains(&next.as_secs_f64().ceil().to_string().parse().unwrap()), "{says}: {next:?}");
    }
}

#[tokio::test]
async fn stale_keys_are_used_on_until_they_are_too_old() {
    let (old, new) = (SigningKey::new("old", 1), SigningKey::new("new", 2));
    let mut issuer = Issuer::with([&old]).await;
    let keys = issuer.keys().interval(Duration::from_millis(100)).cool_down(Duration::ZERO);
    let (keys, events) = told(keys.stale_for(Duration::from_secs(60)));
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    issuer.die().await;
    next(&events, is_failed).await;
    assert_eq!(said_of(&verifier, &old.token()).await, "ok");
    assert_eq!(said_of(&verifier, &new.token()).await, "unknown_key");
}

#[tokio::test]
async fn stale_keys_are_dropped_when_they_are_too_old_and_come_back_with_the_issuer() {
    let (old, new) = (SigningKey::new("old", 1), SigningKey::new("new", 2));
    let mut issuer = Issuer::with([&old]).await;
    let keys = issuer.keys().interval(Duration::from_millis(100)).cool_down(Duration::ZERO);
    let (keys, events) = told(keys.stale_for(Duration::from_secs(1)));
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    let dropped = next(&events, |event| matches!(event, JwksEvent::Dropped { .. }));
    issuer.die().await;
    dropped.await;
    assert_eq!(said_of(&verifier, &old.token()).await, "unavailable");
    assert_eq!(said_of(&verifier, &new.token()).await, "unavailable");

    issuer.come_up().await;
    next(&events, is_refreshed).await;
    assert_eq!(said_of(&verifier, &old.token()).await, "ok");
    let drops = events.snapshot().iter().filter(|event| matches!(event, JwksEvent::Dropped { .. })).count();
    assert_eq!(drops, 1);
}

#[test]
fn urls_that_keys_must_not_come_from_are_refused_and_not_shown() {
    let said = |url: &str| match JwksUrl::new(url, HttpClient::plain()) {
        Ok(_) => panic!("{url}"),
        Err(error) => error.to_string(),
    };
    assert!(said("http://issuer.example/jwks").contains("is plain http"));
    assert!(said("https://issuer.example/jwks").contains("the client is plain"));
    assert!(said("ftp://issuer.example/jwks").contains("does not begin with"));
    let secret = said("http://ada:hush@127.0.0.1/jwks");
    assert!(secret.contains("credentials") && !secret.contains("hush"), "{secret}");
    assert!(JwksUrl::over_plain_http("http://issuer.example/jwks", HttpClient::plain()).is_ok());
    assert!(JwksUrl::discover("http://issuer.example", HttpClient::plain()).is_err());
    assert!(JwksUrl::discover("http://localhost/?a", HttpClient::plain()).is_err());
}

#[test]
fn the_query_of_a_url_is_not_shown() {
    let keys = JwksUrl::new("http://localhost/jwks?key=hush", HttpClient::plain()).unwrap();
    let shown = format!("{keys:?} {:?} {}", towerkit_auth::Keys::from(&keys), towerkit_lifecycle::Member::name(&keys));
    assert!(shown.contains("http://localhost/jwks") && !shown.contains("hush"), "{shown}");
}
