use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use async_nats::Client;
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::{Value, json};
use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_testing::tool;
use towerkit_transport_nats::codec::{Empty, Raw};
use towerkit_transport_nats::{Routes, Server};

use crate::site::{Nats, ONE_TWO, SOON, servers, sum, sum_of, until, within};

fn service() -> Routes {
    let created = endpoint_fn(|()| async { Ok::<_, Error>(()) });
    Routes::new()
        .service("addsvc", "1.2.3")
        .description("It adds")
        .metadata("region", "eu")
        .queue_group("add")
        .subject("add.sum", Server::json(sum()).endpoint_name("sum").endpoint_metadata("schema", "{}"))
        .subject("orders.*.created", Server::new(created, Empty, Empty))
}

async fn ask(client: &Client, subject: &str) -> Value {
    let answer = within(client.request(subject.to_owned(), Bytes::new())).await.unwrap();
    assert!(answer.headers.is_none());
    serde_json::from_slice(&answer.payload).unwrap()
}

/// All answers that come within a fifth of a second of the last one.
async fn ask_all(client: &Client, subject: &str) -> Vec<Value> {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.unwrap();
    client.publish_with_reply(subject.to_owned(), inbox, Bytes::new()).await.unwrap();
    let mut all = Vec::new();
    while let Ok(Some(answer)) = tokio::time::timeout(Duration::from_millis(200), answers.next()).await {
        // The last one may be the server's word that nobody is there.
        if answer.status.is_none() {
            all.push(serde_json::from_slice(&answer.payload).unwrap());
        }
    }
    all
}

#[tokio::test]
async fn the_answers_are_those_of_the_service_protocol_to_the_letter() {
    for program in servers("the_answers_are_those_of_the_service_protocol_to_the_letter") {
        let nats = Nats::start(&program);
        let _service = nats.serve(service()).await;
        let client = nats.connect().await;
        let ping = ask(&client, "$SRV.PING").await;
        let id = ping["id"].as_str().unwrap().to_owned();
        assert!(id.len() == 22 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        let head = |kind: &str| {
            json!({"type": format!("io.nats.micro.v1.{kind}_response"), "name": "addsvc", "id": id, "version": "1.2.3",
                   "metadata": {"region": "eu"}})
        };
        assert_eq!(ping, head("ping"));

        let mut info = head("info");
        info["description"] = json!("It adds");
        info["endpoints"] = json!([
            {"name": "sum", "subject": "add.sum", "queue_group": "add", "metadata": {"schema": "{}"}},
            {"name": "orders_created", "subject": "orders.*.created", "queue_group": "add", "metadata": {}},
        ]);
        assert_eq!(ask(&client, "$SRV.INFO").await, info);

        let remote = nats.remote().await;
        sum_of(&remote).invoke(ONE_TWO).await.unwrap();
        let bad: BoxEndpoint<&'static str, i32> = remote.subject("add.sum").json().erased();
        bad.invoke("no sum").await.unwrap_err();
        let mut stats = ask(&client, "$SRV.STATS").await;
        let started = stats["started"].take();
        let started = humantime::parse_rfc3339(started.as_str().unwrap()).unwrap();
        assert!(started.elapsed().unwrap() < SOON);
        let time = stats["endpoints"][0]["processing_time"].as_u64().unwrap();
        let last_error = stats["endpoints"][0]["last_error"].take();
        assert!(last_error.as_str().unwrap().starts_with("400:"), "{last_error}");
        let mut expected = head("stats");
        expected["started"] = Value::Null;
        expected["endpoints"] = json!([
            {"name": "sum", "subject": "add.sum", "queue_group": "add", "num_requests": 2, "num_errors": 1,
             "last_error": null, "processing_time": time, "average_processing_time": time / 2},
            {"name": "orders_created", "subject": "orders.*.created", "queue_group": "add", "num_requests": 0,
             "num_errors": 0, "last_error": "", "processing_time": 0, "average_processing_time": 0},
        ]);
        assert_eq!(stats, expected);
        assert!(time > 0);

        // Asked by name, and by name and id, it is the same.
        for suffix in [".addsvc".to_owned(), format!(".addsvc.{id}")] {
            assert_eq!(ask(&client, &format!("$SRV.PING{suffix}")).await, ping);
            assert_eq!(ask(&client, &format!("$SRV.INFO{suffix}")).await, info);
            assert_eq!(ask(&client, &format!("$SRV.STATS{suffix}")).await["endpoints"][0]["num_requests"], 2);
        }
        assert!(ask_all(&client, "$SRV.PING.other").await.is_empty());
        assert!(ask_all(&client, "$SRV.SCHEMA").await.is_empty(), "it is gone from the protocol");
    }
}

#[tokio::test]
async fn each_instance_answers_until_its_drain_begins_whatever_its_queue_group() {
    for program in servers("each_instance_answers_until_its_drain_begins_whatever_its_queue_group") {
        let nats = Nats::start(&program);
        let first = nats.serve(service()).await;
        let second = nats.serve(service()).await;
        let client = nats.connect().await;
        let ids = |answers: &[Value]| {
            answers.iter().map(|answer| answer["id"].as_str().unwrap().to_owned()).collect::<HashSet<_>>()
        };
        let both = ask_all(&client, "$SRV.PING.addsvc").await;
        assert_eq!((both.len(), ids(&both).len()), (2, 2), "{both:?}");
        first.stop(SOON).await.unwrap();
        let one = ask_all(&client, "$SRV.STATS.addsvc").await;
        assert_eq!((one.len(), ids(&one).is_subset(&ids(&both))), (1, true));
        second.stop(SOON).await.unwrap();
        assert!(ask_all(&client, "$SRV.PING").await.is_empty());
    }
}

#[tokio::test]
async fn it_is_not_found_any_more_while_the_last_call_of_the_drain_goes_on() {
    for program in servers("it_is_not_found_any_more_while_the_last_call_of_the_drain_goes_on") {
        let nats = Nats::start(&program);
        let (go, wait) = tokio::sync::watch::channel(false);
        let called = Events::new();
        let tell = called.clone();
        let slow = endpoint_fn(move |()| {
            let mut wait = wait.clone();
            tell.push(());
            async move {
                let _ = wait.wait_for(|go| *go).await;
                Ok::<_, Error>(())
            }
        });
        let routes = Routes::new().service("slow", "0.1.0").subject("slow", Server::new(slow, Empty, Empty));
        let service = nats.serve(routes).await;
        let remote = nats.remote().await;
        let call: BoxEndpoint<(), ()> = remote.subject("slow").empty().erased();
        let call = tokio::spawn(async move { call.invoke(()).await });
        let client = nats.connect().await;
        called.wait_len(1, SOON).await;
        service.stopper.stop(SOON);
        let start = std::time::Instant::now();
        while !ask_all(&client, "$SRV.PING").await.is_empty() {
            assert!(start.elapsed() < SOON);
        }
        go.send_replace(true);
        within(call).await.unwrap().unwrap();
        within(service.task).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_service_without_a_queue_group_of_its_own_has_the_protocols() {
    for program in servers("a_service_without_a_queue_group_of_its_own_has_the_protocols") {
        let nats = Nats::start(&program);
        let routes = || Routes::new().service("add", "1.0.0-rc.1+7").subject("add.sum", Server::json(sum()));
        let _services = [nats.serve(routes()).await, nats.serve(routes()).await];
        let client = nats.connect().await;
        let info = ask(&client, "$SRV.INFO.add").await;
        assert_eq!(info["endpoints"][0]["queue_group"], "q");
        assert_eq!(
            (&info["version"], &info["description"], &info["metadata"]),
            (&json!("1.0.0-rc.1+7"), &json!(""), &json!({}))
        );
        within(client.request("add.sum", Bytes::new())).await.unwrap();
        let stats = ask_all(&client, "$SRV.STATS").await;
        let calls: u64 = stats.iter().map(|stats| stats["endpoints"][0]["num_requests"].as_u64().unwrap()).sum();
        assert_eq!((stats.len(), calls), (2, 1), "one of them got it");
    }
}

#[tokio::test]
async fn routes_that_are_no_service_answer_nothing_and_have_no_group() {
    for program in servers("routes_that_are_no_service_answer_nothing_and_have_no_group") {
        let nats = Nats::start(&program);
        let echo = endpoint_fn(|payload: Bytes| async move { Ok::<_, Error>(payload) });
        let _service = nats.serve(Routes::new().subject("echo", Server::new(echo, Raw, Raw))).await;
        let client = nats.connect().await;
        assert!(ask_all(&client, "$SRV.PING").await.is_empty());
    }
}

#[test]
fn names_and_versions_that_the_protocol_does_not_have_are_found_at_the_start() {
    let panics = |make: fn() -> Routes| std::panic::catch_unwind(make).is_err();
    assert!(panics(|| Routes::new().service("add svc", "1.2.3")));
    assert!(panics(|| Routes::new().service("add.svc", "1.2.3")));
    assert!(panics(|| Routes::new().service("", "1.2.3")));
    assert!(panics(|| Routes::new().service("addsvc", "1.2")));
    assert!(panics(|| Routes::new().subject("a", Server::json(sum()).endpoint_name("a.b"))));
    assert!(!panics(|| Routes::new().service("addsvc", "1.2.3")));
}

async fn run(tool: &PathBuf, nats: &Nats, arguments: &[&str]) -> String {
    let mut command = Command::new(tool);
    command.args(["--server", &nats.url(), "micro"]).args(arguments).env("HOME", std::env::temp_dir());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nats_tool_sees_the_service_with_its_endpoints_and_counters() {
    let test = "the_nats_tool_sees_the_service_with_its_endpoints_and_counters";
    let Some(tool) = tool::find("nats", test) else { return };
    for program in servers(test) {
        let nats = Nats::start(&program);
        let _services = [nats.serve(service()).await, nats.serve(service()).await];
        let sum = sum_of(&nats.remote().await);
        for _ in 0..7 {
            sum.invoke(ONE_TWO).await.unwrap();
        }

        let list: Value = serde_json::from_str(&run(&tool, &nats, &["list", "--json"]).await).unwrap();
        assert_eq!(list.as_array().unwrap().len(), 2, "{list}");
        assert_eq!(
            (&list[0]["name"], &list[0]["version"], &list[0]["description"]),
            (&json!("addsvc"), &json!("1.2.3"), &json!("It adds"))
        );

        let id = list[0]["id"].as_str().unwrap();
        let info: Value = serde_json::from_str(&run(&tool, &nats, &["info", "addsvc", id, "--json"]).await).unwrap();
        let info = info.get("info").unwrap_or(&info).clone();
        assert_eq!(info["id"], id);
        assert_eq!(info["endpoints"][0]["name"], "sum", "{info}");
        assert_eq!(info["endpoints"][0]["metadata"], json!({"schema": "{}"}), "{info}");
        assert_eq!(info["endpoints"][1]["subject"], "orders.*.created", "{info}");

        let stats: Value = serde_json::from_str(&run(&tool, &nats, &["stats", "addsvc", "--json"]).await).unwrap();
        let stats = stats.as_array().unwrap();
        let calls = stats.iter().map(|stats| stats["endpoints"][0]["num_requests"].as_u64().unwrap());
        assert_eq!(calls.sum::<u64>(), 7, "{stats:?}");
        assert!(stats.iter().all(|stats| stats["started"].as_str().unwrap().starts_with("20")), "{stats:?}");

        let people = run(&tool, &nats, &["info", "addsvc"]).await;
        assert!(
            people.contains("It adds") && people.contains("orders_created") && people.contains("region"),
            "{people}"
        );
        let pings = run(&tool, &nats, &["ping"]).await;
        assert_eq!(pings.matches("addsvc").count(), 2, "{pings}");
    }
}

/// A service's counters are there for as long as it runs, in whatever order they are asked for.
#[tokio::test]
async fn counters_are_told_while_calls_go_on() {
    for program in servers("counters_are_told_while_calls_go_on") {
        let nats = Nats::start(&program);
        let serve = towerkit_transport_nats::serve(nats.connect().await, service());
        let stats = serve.stats();
        let _service = crate::site::Running::start(serve).await;
        let (sum, client) = (sum_of(&nats.remote().await), nats.connect().await);
        let calls = tokio::spawn(async move {
            for _ in 0..500 {
                sum.invoke(ONE_TWO).await.unwrap();
            }
        });
        let mut before = 0;
        while !calls.is_finished() {
            let now = ask(&client, "$SRV.STATS").await["endpoints"][0]["num_requests"].as_u64().unwrap();
            assert!(now >= before);
            before = now;
        }
        until("all are counted", || stats.subjects()[0].requests == 500).await;
        assert_eq!(ask(&client, "$SRV.STATS").await["endpoints"][0]["num_requests"], 500);
    }
}
