use std::time::Duration;

use futures_util::StreamExt;
use tokio::net::TcpListener;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Endpoint};
use towerkit_lifecycle::{Group, Linger, member_fn};
use towerkit_transport_grpc::{Method, Remote, Routes, Server, serve};
use towerkit_transport_http::Pool;

use crate::site::{SHOUT, Site, Texts, soon};

const CHECK: Method<HealthCheckRequest, HealthCheckResponse> = Method::new("/grpc.health.v1.Health/Check");
const WATCH: Method<HealthCheckRequest, HealthCheckResponse> = Method::new("/grpc.health.v1.Health/Watch");

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

#[tokio::test]
async fn health_is_that_of_the_group_from_its_start_to_its_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let remote =
        Remote::new(&Pool::builder().http2().build(), &format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let check: BoxEndpoint<HealthCheckRequest, HealthCheckResponse> = remote.unary(CHECK).erased();
    let watch: BoxEndpoint<HealthCheckRequest, BoxStream<HealthCheckResponse>> =
        remote.server_streaming(WATCH).erased();

    let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
    let (stop, asked) = tokio::sync::oneshot::channel::<()>();
    let group = Group::new().stop_timeout(Duration::from_secs(20));
    let health = group.health();
    let slow = member_fn("slow", |lifeline| async move {
        let _ = wait.await;
        lifeline.ready();
        let _ = asked.await;
        lifeline.stop_group();
        lifeline.stopping().await;
        Ok(())
    });
    let group = group
        .with(serve(listener, Texts::new().routes().health(&health)))
        .with(Linger::new(Duration::from_millis(300)))
        .with(slow);
    let running = tokio::spawn(group.run());

    // The server is up, and the group is not.
    for service in ["", "test.Texts"] {
        assert_eq!(soon(check.invoke(of(service))).await.unwrap().status(), ServingStatus::NotServing);
    }
    assert_eq!(check.invoke(of("test.Nothing")).await.unwrap_err().code(), Code::NotFound);
    let mut unknown = watch.invoke(of("test.Nothing")).await.unwrap();
    assert_eq!(soon(unknown.next()).await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);
    let mut changes = watch.invoke(of("test.Texts")).await.unwrap();
    assert_eq!(soon(changes.next()).await.unwrap().unwrap().status(), ServingStatus::NotServing);

    go_on.send(()).unwrap();
    assert_eq!(soon(changes.next()).await.unwrap().unwrap().status(), ServingStatus::Serving);
    assert_eq!(check.invoke(of("")).await.unwrap().status(), ServingStatus::Serving);

    // It is not ready before it stops to serve.
    stop.send(()).unwrap();
    assert_eq!(soon(changes.next()).await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert_eq!(check.invoke(of("")).await.unwrap().status(), ServingStatus::NotServing);
    assert_eq!(soon(changes.next()).await.unwrap().unwrap_err().code(), Code::Unavailable);
    assert_eq!(soon(unknown.next()).await.unwrap().unwrap_err().code(), Code::Unavailable);
    soon(running).await.unwrap().unwrap();
}

#[tokio::test]
async fn services_are_known_to_it_whatever_was_added_first() {
    let health = Group::new().health();
    let site = Site::start(Routes::new().health(&health).unary(SHOUT, Server::new(Texts::new().shout))).await;
    let check: BoxEndpoint<HealthCheckRequest, HealthCheckResponse> = site.remote().unary(CHECK).erased();
    for service in ["test.Texts", "grpc.health.v1.Health", ""] {
        assert_eq!(soon(check.invoke(of(service))).await.unwrap().status(), ServingStatus::NotServing, "{service}");
    }
}

#[test]
#[should_panic(expected = "the service grpc.health.v1.Health is there already")]
fn it_is_added_once() {
    let health = Group::new().health();
    let _ = Routes::new().health(&health).health(&health);
}
