//! Go kit's own addsvc, on the wire: a client of it can call us, and we can call a server of it.

use bytes::Bytes;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint as _, Error, endpoint_fn};
use towerkit_transport_grpc::codec::Raw;
use towerkit_transport_grpc::{Method, Remote, Routes, Server};
use towerkit_transport_http::Pool;

use addsvc::endpoint::SumRequest;
use addsvc::{pb, transport};

use crate::running::Addsvc;
use crate::serving::Serving;

/// Calls a method of addsvc by the bytes of its message.
async fn exchange(path: Method<Bytes, Bytes, Raw>, request: &'static [u8]) -> Result<Bytes, Error> {
    let addsvc = Addsvc::start(&[]);
    let remote = Remote::new(&Pool::builder().http2().build(), &format!("http://{}", addsvc.grpc)).unwrap();
    let method: BoxEndpoint<Bytes, Bytes> = remote.unary(path).erased();
    method.invoke(Bytes::from_static(request)).await
}

#[tokio::test]
async fn sum_is_on_the_wire_what_it_is_with_go_kit() {
    // Fields 1 and 2, as varints; in the reply field 1 alone, since an `err` that is empty is not written.
    let reply = exchange(Method::with_codec("/pb.Add/Sum", Raw), b"\x08\x01\x10\x02").await.unwrap();
    assert_eq!(&reply[..], b"\x08\x03");
}

#[tokio::test]
async fn concat_is_on_the_wire_what_it_is_with_go_kit() {
    let reply = exchange(Method::with_codec("/pb.Add/Concat", Raw), b"\x0a\x03foo\x12\x03bar").await.unwrap();
    assert_eq!(&reply[..], b"\x0a\x06foobar");
}

#[tokio::test]
async fn what_go_kits_service_refuses_in_a_good_reply_is_an_error_here() {
    const SUM: Method<pb::SumRequest, pb::SumReply> = Method::new("/pb.Add/Sum");
    let sum = endpoint_fn(|_: pb::SumRequest| async {
        Ok::<_, Error>(pb::SumReply { v: 0, err: "can't sum two zeroes".to_owned() })
    });
    let service = Serving::start(Routes::new().unary(SUM, Server::new(sum))).await;
    let endpoints = transport::grpc::client(&service.remote());
    let error = endpoints.sum.invoke(SumRequest { a: 0, b: 0 }).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "can't sum two zeroes"));
}
