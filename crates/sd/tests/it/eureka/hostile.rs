//! What no server should answer.

use http::StatusCode;
use towerkit_endpoint::Code;
use towerkit_sd::eureka::Eureka;

use super::{fake, watched};
use crate::support::until_addresses;

fn answering(body: String) -> Eureka {
    let (client, _) = fake::client(move |_| (StatusCode::OK, body.clone()));
    Eureka::with_client(["http://eureka"], client).expect("a URL")
}

#[tokio::test]
async fn the_odd_forms_of_its_json_are_read() {
    let one =
        r#"{"ipAddr":"10.0.0.7","status":"up","port":"8081","metadata":{"@class":"a.b.C","n":7,"b":true,"no":null}}"#;
    let forms = [
        fake::application(one),
        fake::application(&format!("[{one}]")),
        fake::application(&one.replace(r#""8081""#, "8081")),
        fake::application(&one.replace(r#""8081""#, r#"{"$":"8081"}"#)),
        fake::application(&one.replace(r#""8081""#, r#"{"@enabled":true,"$":8081}"#)),
        fake::application(&one.replace("ipAddr", "hostName")),
        fake::application(&one.replace(r#""10.0.0.7""#, r#""","hostName":"10.0.0.7""#)),
    ];
    for body in forms {
        let mut seen = watched(&answering(body.clone()), "addsvc").instancer();
        seen.known().await;
        let state = seen.state();
        let [instance] = state.instances() else { panic!("{body}: {state:?}") };
        assert_eq!(instance.address(), "10.0.0.7:8081", "{body}");
        let labels: Vec<_> = instance.labels().iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(labels, ["b=true", "n=7"]);
    }
}

#[tokio::test]
async fn an_application_without_instances_is_an_empty_set() {
    for body in
        ["[]", "null"].map(fake::application).into_iter().chain([r#"{"application":{"name":"ADDSVC"}}"#.to_owned()])
    {
        until_addresses(&mut watched(&answering(body), "addsvc").instancer(), &[]).await;
    }
}

#[tokio::test]
async fn the_zone_of_amazon_counts_where_the_metadata_have_none() {
    let amazon = r#""dataCenterInfo":{"name":"Amazon","metadata":{"availability-zone":"us-1c"}}"#;
    for (metadata, zone) in [("{}", "us-1c"), (r#"{"zone":"mine"}"#, "mine")] {
        let entry = fake::entry(8081).replacen('{', &format!(r#"{{{amazon},"metadata":{metadata},"#), 1);
        let mut seen = watched(&answering(fake::application(&entry)), "addsvc").instancer();
        until_addresses(&mut seen, &["10.0.0.7:8081"]).await;
        assert_eq!(seen.state().instances()[0].zone(), Some(zone));
    }
}

#[tokio::test]
async fn a_malformed_entry_does_not_fail_the_rest() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let tags = "a,".repeat(300_000);
    let bad = [
        "null".to_owned(),
        "7".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        deep,
        r#"{"status":7}"#.to_owned(),
        r#"{"status":"UP"}"#.to_owned(),
        fake::entry(0),
        fake::entry(8082).replace("8082", "65536"),
        fake::entry(8082).replace("8082", "-1"),
        fake::entry(8082).replace("8082", "1e3"),
        fake::entry(8082).replace("8082", "{}"),
        fake::entry(8082).replace("true", "FALSE"),
        fake::entry(8082).replace("10.0.0.7", ""),
        fake::entry(8082).replace("10.0.0.7", "a b"),
        fake::entry(8082).replace("10.0.0.7", "evil/..@x"),
        fake::entry(8082).replace("10.0.0.7", "::1]"),
        fake::entry(8082).replace(r#""10.0.0.7""#, r#"{"a":1}"#),
        fake::entry(8082).replacen('{', &format!(r#"{{"x":"{}","#, "y".repeat(1024 * 1024)), 1),
    ];
    let many: String = (0..5000).map(|n| format!("t{n},")).collect();
    let good = fake::entry(8081).replacen(
        '{',
        &format!(r#"{{"metadata":{{"tags":"{tags}{many}","weight":"heavy","x":[]}},"#),
        1,
    );
    let body = fake::application(&format!("[{},{good}]", bad.join(",")));
    let mut seen = watched(&answering(body), "addsvc").instancer();
    until_addresses(&mut seen, &["10.0.0.7:8081"]).await;
    let state = seen.state();
    assert!(state.instances()[0].tags().len() <= 256);
    assert_eq!(state.instances()[0].label("weight"), Some("heavy"), "what is no weight is not lost");
}

#[tokio::test]
async fn a_malformed_answer_is_a_failure() {
    let bodies = [
        "",
        "junk",
        "<application/>",
        "{}",
        "[]",
        r#"{"applications":{}}"#,
        r#"{"application":7}"#,
        r#"{"application":{"instance":7}}"#,
        r#"{"application":{"instance":[{}]}}"#,
        r#"{"application":{"instance":["#,
        "\u{0}",
    ];
    for body in bodies {
        let state = watched(&answering(body.to_owned()), "addsvc").instancer().known().await;
        assert!(!state.is_known(), "{body}");
        assert_eq!(state.failure().expect("it failed").error().code(), Code::DataLoss, "{body}");
    }
}
