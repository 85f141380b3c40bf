//! What a real Consul can't be made to answer, from a fake.

use std::time::Duration;

use tokio::time::sleep;
use towerkit_endpoint::Code;
use towerkit_sd::consul::Consul;
use towerkit_sd::{Instance, Register, Registrar};

use super::agent::client_at;
use super::fake::{Answer, Fake};
use crate::support::{Running, until_failure, until_ports, until_true};

/// An answer with instances at these ports.
fn answer(index: u64, ports: &[u16]) -> Answer {
    let entry = |port| format!(r#"{{"Node":{{"Address":"127.0.0.1"}},"Service":{{"Port":{port}}}}}"#);
    Answer::with_index(index, &format!("[{}]", ports.iter().map(entry).collect::<Vec<_>>().join(",")))
}

fn index_of(target: &str) -> Option<u64> {
    target.split(['?', '&']).find_map(|part| part.strip_prefix("index="))?.parse().ok()
}

async fn asked(fake: &Fake, times: usize) -> Vec<Option<u64>> {
    until_true("it was asked so often", || fake.asked().len() >= times).await;
    fake.asked().iter().map(|target| index_of(target)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_fake_an_index_that_goes_back_begins_anew() {
    let fake = Fake::start(|before, _| match before {
        0 => answer(100, &[8081]),
        1 => answer(7, &[8082]),
        2 => answer(8, &[8083]),
        _ => Answer::Hold,
    });
    let mut instancer = client_at(fake.port()).service("addsvc").instancer();
    until_ports(&mut instancer, &[8083]).await;
    assert_eq!(asked(&fake, 4).await, [None, Some(100), None, Some(8)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_fake_an_index_of_nought_is_waited_on_as_one() {
    let fake = Fake::start(|before, _| if before == 0 { answer(0, &[8081]) } else { Answer::Hold });
    let mut instancer = client_at(fake.port()).service("addsvc").instancer();
    until_ports(&mut instancer, &[8081]).await;
    assert_eq!(asked(&fake, 2).await, [None, Some(1)]);
}

/// How often it is asked in 3 s.
async fn asked_in_3_s(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> usize {
    let fake = Fake::start(answer);
    let instancer = client_at(fake.port()).service("addsvc").instancer();
    sleep(Duration::from_secs(3)).await;
    drop(instancer);
    fake.asked().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_that_answers_at_once_each_time_is_asked_few_times() {
    let (growing, standing, back, nought, errors, hangups, mixed) = tokio::join!(
        asked_in_3_s(|before, _| answer(before as u64 + 1, &[8081])),
        asked_in_3_s(|_, _| answer(7, &[8081])),
        asked_in_3_s(|before, _| answer(1_000_000 - before as u64, &[8081])),
        asked_in_3_s(|_, _| answer(0, &[8081])),
        asked_in_3_s(|_, _| Answer::Status(500, "No cluster leader")),
        asked_in_3_s(|_, _| Answer::Hangup),
        asked_in_3_s(|before, _| if before % 2 == 0 { answer(7, &[8081]) } else { Answer::Status(500, "no") }),
    );
    eprintln!("requests in 3 s: {:?}", [growing, standing, back, nought, errors, hangups, mixed]);
    for times in [growing, standing, back, nought, mixed] {
        assert!((3..=9).contains(&times), "{times}");
    }
    assert!((3..=8).contains(&errors), "{errors}");
    // hyper may send one anew on another connection.
    assert!((3..=16).contains(&hangups), "{hangups}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_that_says_what_can_not_be_understood_fails_and_the_set_stands() {
    let bodies = [
        r#"{"not":"a list"}"#.to_owned(),
        "[".to_owned(),
        "\u{0}".to_owned(),
        "null".to_owned(),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        r#"[{"Node":{"Address":"10.0.0.1"},"Service":{"Port":0}},7]"#.to_owned(),
    ];
    for body in bodies {
        let shown: String = body.chars().take(40).collect();
        let fake =
            Fake::start(move |before, _| if before == 0 { answer(7, &[8081]) } else { Answer::with_index(8, &body) });
        let mut instancer = client_at(fake.port()).service("addsvc").instancer();
        let state = until_failure(&mut instancer).await;
        assert_eq!(state.failure().unwrap().error().code(), Code::DataLoss, "{shown}");
        assert_eq!(state.instances().len(), 1, "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_fake_an_entry_that_can_not_be_read_does_not_fail_the_rest() {
    let body = r#"[{"Node":7},null,{"Node":{"Address":"10.0.0.1"},"Service":{"Port":99999}},
        {"Node":{"Address":"10.0.0.1"},"Service":{"Port":8081,"Tags":null,"Meta":null}}]"#;
    let fake = Fake::start(move |before, _| if before == 0 { Answer::with_index(7, body) } else { Answer::Hold });
    until_ports(&mut client_at(fake.port()).service("addsvc").instancer(), &[8081]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_without_an_index_and_one_without_a_leader_are_failures() {
    let answers: [(&str, Code); 4] = [
        ("", Code::DataLoss),
        ("X-Consul-Index: many\r\n", Code::DataLoss),
        ("X-Consul-Index: 7\r\nX-Consul-Knownleader: false\r\n", Code::Unavailable),
        ("X-Consul-Index: 7\r\nX-Consul-Results-Filtered-By-Acls: true\r\n", Code::PermissionDenied),
    ];
    for (headers, code) in answers {
        let fake = Fake::start(move |_, _| Answer::Ok(headers.to_owned(), "[]".to_owned()));
        let state = until_failure(&mut client_at(fake.port()).service("addsvc").instancer()).await;
        assert_eq!(state.failure().unwrap().error().code(), code, "{headers}");
        assert!(!state.is_known());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_fake_a_query_that_is_held_too_long_is_given_up() {
    let fake = Fake::start(|before, _| if before == 0 { answer(7, &[8081]) } else { Answer::Hold });
    let consul = client_at(fake.port()).request_timeout(Duration::from_millis(300));
    let mut instancer = consul.service("addsvc").wait(Duration::from_secs(1)).instancer();
    until_ports(&mut instancer, &[8081]).await;
    let state = until_failure(&mut instancer).await;
    assert_eq!(state.failure().unwrap().error().code(), Code::DeadlineExceeded);
    assert_eq!(state.instances().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_query_at_a_fake_ends_with_the_last_clone() {
    let fake = Fake::start(|before, _| if before == 0 { answer(7, &[8081]) } else { Answer::Hold });
    let instancer = client_at(fake.port()).service("addsvc").instancer();
    let clone = instancer.clone();
    asked(&fake, 2).await;
    drop(instancer);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(fake.asked().len(), 2, "a clone is left");
    drop(clone);
    until_true("it is given up", || fake.asked().last().is_some_and(|last| last == "gave up")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_agents_of_old_say_of_an_unknown_id_is_understood() {
    // Consul 1.10, in `agent/agent.go`: both are 500 there.
    let fake = Fake::start(|_, target| {
        if target.starts_with("/v1/agent/service/register") || target.ends_with("first") {
            Answer::Ok(String::new(), String::new())
        } else if target.starts_with("/v1/agent/check/update/") {
            Answer::Status(500, r#"CheckID "service:it" does not have associated TTL"#)
        } else {
            Answer::Status(500, r#"Unknown service ID "it""#)
        }
    });
    let mut registration = client_at(fake.port()).registration("addsvc");
    let error = registration.register(&Instance::new("10.0.0.1", 80).with_id("it")).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound, "{error}");
    registration.deregister().await.expect("it is not there");
}

/// How often it is asked in 3 s by what registers.
async fn asked_by_a_registrar_in_3_s(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> usize {
    let fake = Fake::start(answer);
    let registration = client_at(fake.port()).registration("addsvc").ttl(Duration::from_secs(3));
    let running = Running::start(Registrar::new(registration, Instance::new("10.0.0.1", 80)));
    sleep(Duration::from_secs(3)).await;
    running.kill().await;
    fake.asked().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_that_keeps_no_registration_is_asked_few_times() {
    let (refused, forgotten) = tokio::join!(
        asked_by_a_registrar_in_3_s(|_, _| Answer::Status(500, "no")),
        // It takes a registration and its first heartbeat, and does not know of it at the next.
        asked_by_a_registrar_in_3_s(|before, _| {
            if before % 3 == 2 { Answer::Status(404, "unknown") } else { Answer::Ok(String::new(), String::new()) }
        }),
    );
    eprintln!("requests in 3 s: {refused} refused, {forgotten} forgotten");
    assert!((2..=8).contains(&refused), "{refused}");
    assert!((2..=12).contains(&forgotten), "{forgotten}");
}

#[test]
fn a_url_that_is_none_is_refused_and_its_password_is_not_told() {
    let bad = [
        "",
        "/v1",
        "ftp://host",
        "http://",
        "http://user:secret@host:8500",
        "http://host/?token=secret",
        "http://a b",
        "nowhere",
        "127.0.0.1:8500/v1",
    ];
    for url in bad {
        let error = Consul::new(url).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{url}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
    for url in ["127.0.0.1:8500", "http://127.0.0.1:8500", "http://consul.example/", "http://[::1]:8500/behind/a/proxy"]
    {
        Consul::new(url).expect(url);
    }
}
