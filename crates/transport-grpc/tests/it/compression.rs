use futures_util::StreamExt;
use tonic::codec::CompressionEncoding;
use tonic_prost::ProstCodec;
use tower::service_fn;
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Endpoint, Error, Request, WithMetadata};
use towerkit_transport_grpc::{Compression, PoolChannel, Routes, Server, Uncompressed};
use towerkit_transport_http::Pool;

use crate::raw::{call, frame, send};
use crate::site::{JOIN, SHOUT, SHOUT_EACH, Site, Text, Texts, texts};

fn compressing(compression: Compression) -> Routes {
    let served = Texts::new();
    Routes::new()
        .unary(SHOUT, Server::new(served.shout).compress(compression))
        .client_streaming(JOIN, Server::new(served.join).compress(compression))
        .bidi_streaming(SHOUT_EACH, Server::new(served.shout_each).compress(compression))
}

/// `text: "aaa…"`, a thousand of them.
fn message() -> Vec<u8> {
    [b"\x0a\xe8\x07", &[b'a'; 1000][..]].concat()
}

#[tokio::test]
async fn what_is_compressed_comes_out_as_it_went_in() {
    for compression in [Compression::Gzip, Compression::Deflate] {
        let site = Site::start(compressing(compression)).await;
        let remote = site.remote();
        let shout: BoxEndpoint<Text, Text> = remote.unary(SHOUT).compress(compression).erased();
        let each: BoxEndpoint<BoxStream<Text>, BoxStream<Text>> =
            remote.bidi_streaming(SHOUT_EACH).compress(compression).erased();
        let long = "a".repeat(100_000);
        assert_eq!(shout.invoke(Text::from(&*long)).await.unwrap().text, long.to_uppercase());
        let answers = each.invoke(texts([&long, "b", &long])).await.unwrap();
        let lengths: Vec<_> = answers.map(|answer| answer.unwrap().text.len()).collect().await;
        assert_eq!(lengths, [100_000, 1, 100_000]);
    }
}

#[tokio::test]
async fn a_reply_is_compressed_only_where_the_caller_takes_it() {
    let site = Site::start(compressing(Compression::Gzip)).await;
    for (accept, flag) in [("identity,gzip", 1), ("gzip", 1), ("deflate, gzip", 1), ("deflate", 0), ("", 0)] {
        let request = call(&site, "/test.Texts/Shout").header("grpc-accept-encoding", accept);
        let answer = send(request, frame(0, &message())).await;
        assert_eq!((answer.status(), answer.body[0]), (Some("0"), flag), "{accept}");
        assert_eq!(answer.body.len() < 200, flag == 1);
        assert_eq!(answer.headers.get("grpc-encoding").is_some(), flag == 1);
    }
}

#[tokio::test]
async fn a_single_message_can_be_kept_from_being_compressed() {
    // Answers as it was asked: compressed where the request was.
    let echo = service_fn(|request: Request<Text>| async {
        let plain = request.context().metadata().get("grpc-encoding").is_none();
        let reply = WithMetadata::new(request.into_message());
        Ok::<_, Error>(if plain { reply.with_extension(Uncompressed) } else { reply })
    });
    let site = Site::start(Routes::new().unary(SHOUT, Server::new(echo).compress(Compression::Gzip))).await;
    let shout: BoxEndpoint<Text, WithMetadata<Text>> =
        site.remote().unary(SHOUT).compress(Compression::Gzip).with_metadata().erased();
    for plain in [false, true] {
        let mut request = Request::new(Text::from(&*"a".repeat(1000)));
        if plain {
            request.context_mut().insert(Uncompressed);
        }
        let (_, headers, ..) = shout.invoke(request).await.unwrap().into_parts();
        assert_eq!(headers.get("grpc-encoding"), (!plain).then_some("gzip"));
    }
}

#[tokio::test]
async fn a_bomb_is_refused_at_the_limit_of_a_message() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b'a'; 64 << 20]).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let site = Site::start(Texts::new().routes()).await;
    let request = call(&site, "/test.Texts/Shout").header("grpc-encoding", "gzip");
    assert_eq!(send(request, frame(1, &bomb)).await.status(), Some("8"));
}

#[tokio::test]
async fn what_is_not_compressed_as_it_says_is_invalid() {
    let site = Site::start(Texts::new().routes()).await;
    let request = call(&site, "/test.Texts/Shout").header("grpc-encoding", "gzip");
    assert_eq!(send(request, frame(1, &message())).await.status(), Some("3"));
}

#[tokio::test]
async fn tonic_and_ours_understand_each_other_compressed() {
    let site = Site::start(compressing(Compression::Gzip)).await;
    let channel = PoolChannel::new(&Pool::builder().http2().build(), &format!("http://{}", site.address)).unwrap();
    let mut client = tonic::client::Grpc::new(channel)
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/test.Texts/Shout");
    let long = "a".repeat(100_000);
    let request = tonic::Request::new(Text::from(&*long));
    let reply = client.unary(request, path, ProstCodec::<Text, Text>::default()).await.unwrap();
    assert_eq!(reply.into_inner().text, long.to_uppercase());
}

#[tokio::test]
async fn a_service_that_does_not_take_it_is_unimplemented() {
    // tonic's generated services take nothing unless they are told to.
    let site = Site::start(Texts::new().generated()).await;
    let shout: BoxEndpoint<Text, Text> = site.remote().unary(SHOUT).compress(Compression::Gzip).erased();
    let error = shout.invoke(Text::from(&*"a".repeat(1000))).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
}
