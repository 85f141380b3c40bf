use futures_util::{StreamExt, stream};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};
use towerkit_endpoint::{BoxEndpoint, BoxStream, Endpoint};
use towerkit_lifecycle::Group;
use towerkit_transport_grpc::{Method, Routes, Server};

use crate::site::{SHOUT, Site, Texts, soon};

const REFLECT: Method<ServerReflectionRequest, ServerReflectionResponse> =
    Method::new("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");

#[tokio::test]
async fn services_are_listed_whatever_was_added_first() {
    let health = Group::new().health();
    let routes = Routes::new().reflection(&[]).health(&health).unary(SHOUT, Server::new(Texts::new().shout));
    let site = Site::start(routes).await;
    let reflect: BoxEndpoint<BoxStream<ServerReflectionRequest>, BoxStream<ServerReflectionResponse>> =
        site.remote().bidi_streaming(REFLECT).erased();
    let list = ServerReflectionRequest {
        message_request: Some(MessageRequest::ListServices(String::new())),
        ..Default::default()
    };
    let mut replies = soon(reflect.invoke(stream::iter([Ok(list)]).boxed())).await.unwrap();
    let Some(MessageResponse::ListServicesResponse(listed)) =
        soon(replies.next()).await.unwrap().unwrap().message_response
    else {
        panic!("no list")
    };
    let mut names: Vec<_> = listed.service.into_iter().map(|service| service.name).collect();
    names.sort();
    let expected = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "test.Texts",
    ];
    assert_eq!(names, expected);
}

#[test]
#[should_panic(expected = "the descriptors can't be read")]
fn descriptors_that_are_none_are_found_as_the_program_starts() {
    let _ = Routes::new().reflection(&[b"\xff"]);
}
