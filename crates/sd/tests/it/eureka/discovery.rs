use std::time::Duration;

use http::{StatusCode, header};
use towerkit_endpoint::Code;
use towerkit_sd::Instance;
use towerkit_sd::eureka::{Eureka, Status};

use super::server::Server;
use super::{eureka, fake, watched};
use crate::support::{until_addresses, until_true};

/// A document of an instance, as another client writes it.
fn document(name: &str, id: &str, port: u16, status: &str, metadata: &str) -> String {
    format!(
        r#"{{"instance":{{"instanceId":"{id}","app":"{name}","hostName":"{id}.example","ipAddr":"10.0.0.7",
            "status":"{status}",
            "port":{{"$":{port},"@enabled":"true"}},"securePort":{{"$":8443,"@enabled":"{}"}},"metadata":{metadata},
            "leaseInfo":{{"renewalIntervalInSecs":30,"durationInSecs":90}},"dataCenterInfo":{{
            "@class":"com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo","name":"MyOwn"}}}}}}"#,
        port == 8083
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn only_instances_that_are_up_count_unless_others_are_included() {
    let Some(server) = Server::shared("only_instances_that_are_up_count_unless_others_are_included") else { return };
    for (port, status) in
        [(8081, "UP"), (8082, "DOWN"), (8083, "STARTING"), (8084, "OUT_OF_SERVICE"), (8085, "UNKNOWN")]
    {
        server.register("STATUSES", &document("STATUSES", &format!("i{port}"), port, status, "{}"));
    }
    let eureka = eureka(server.port());
    until_addresses(&mut watched(&eureka, "statuses").instancer(), &["10.0.0.7:8081"]).await;
    let some = watched(&eureka, "statuses").include(Status::Starting).include(Status::Unknown);
    until_addresses(&mut some.instancer(), &["10.0.0.7:8081", "10.0.0.7:8083", "10.0.0.7:8085"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secure_port_and_the_host_name_are_taken_where_asked_for() {
    let Some(server) = Server::shared("the_secure_port_and_the_host_name_are_taken_where_asked_for") else { return };
    for port in [8082, 8083] {
        server.register("PORTS", &document("PORTS", &format!("i{port}"), port, "UP", "{}"));
    }
    let eureka = eureka(server.port());
    until_addresses(&mut watched(&eureka, "ports").instancer(), &["10.0.0.7:8082", "10.0.0.7:8083"]).await;
    until_addresses(
        &mut watched(&eureka, "ports").host_name().instancer(),
        &["i8082.example:8082", "i8083.example:8083"],
    )
    .await;
    let secure = watched(&eureka, "ports").secure_port();
    until_addresses(&mut secure.clone().host_name().instancer(), &["i8083.example:8443"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_of_other_clients_are_read() {
    let Some(server) = Server::shared("metadata_of_other_clients_are_read") else { return };
    let metadata = r#"{"zone":"z1","weight":"7","version":"2","tags":" a , b,,a","management.port":"9090"}"#;
    server.register("METADATA", &document("METADATA", "one", 8081, "UP", metadata));
    let mut seen = watched(&eureka(server.port()), "metadata").instancer();
    until_addresses(&mut seen, &["10.0.0.7:8081"]).await;
    let expected = Instance::new("10.0.0.7", 8081).with_id("one").with_zone("z1").with_version("2").with_weight(7);
    let expected = expected.with_tag("a").with_tag("b").with_label("management.port", "9090");
    assert_eq!(seen.state().instances(), [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_not_there_is_an_empty_set_and_a_wrong_path_a_failure() {
    let test = "an_application_that_is_not_there_is_an_empty_set_and_a_wrong_path_a_failure";
    let Some(server) = Server::shared(test) else { return };
    until_addresses(&mut watched(&eureka(server.port()), "nobody").instancer(), &[]).await;

    let url = format!("http://127.0.0.1:{}/wrong", server.port());
    let wrong = Eureka::new([url]).expect("a URL");
    let state = watched(&wrong, "nobody").instancer().known().await;
    assert!(!state.is_known());
    assert_eq!(state.failure().expect("it failed").error().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_go_with_each_request() {
    let (client, _) = fake::client(|request| match request.headers().get(header::AUTHORIZATION) {
        Some(value) if value == "Basic bmFtZTpwYXNz" && request.uri().authority().expect("a host") == "a" => {
            (StatusCode::INTERNAL_SERVER_ERROR, String::new())
        }
        Some(value) if value == "Basic b3RoZXI6d29yZA==" && request.uri().authority().expect("a host") == "b" => {
            (StatusCode::OK, fake::application(&fake::entry(8081)))
        }
        _ => (StatusCode::UNAUTHORIZED, String::new()),
    });
    let eureka = Eureka::with_client(["http://a/eureka", "http://other:word@b/eureka"], client)
        .expect("URLs")
        .user("name", "pass");
    until_addresses(&mut watched(&eureka, "addsvc").instancer(), &["10.0.0.7:8081"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_refused_are_a_failure_that_says_so() {
    let (client, _) = fake::client(|_| (StatusCode::UNAUTHORIZED, String::new()));
    let eureka = Eureka::with_client(["http://eureka"], client).expect("a URL").user("name", "pass");
    let state = watched(&eureka, "addsvc").instancer().known().await;
    assert_eq!(state.failure().expect("it failed").error().code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks_after_the_last_clone_is_gone() {
    let Some(server) = Server::shared("nobody_asks_after_the_last_clone_is_gone") else { return };
    let (client, count) = fake::counting();
    let eureka = Eureka::with_client([format!("http://127.0.0.1:{}/eureka", server.port())], client).expect("a URL");
    let seen = watched(&eureka, "nobody").instancer();
    let clone = seen.clone();
    drop(seen);
    until_true("a clone keeps it going", || count.get() >= 5).await;
    drop(clone);
    tokio::time::sleep(Duration::from_millis(50)).await; // one that was under way
    let asked = count.get();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(count.get(), asked);
}
