//! The cases of compression, which the Go programs lack: our client against our server, by each algorithm.
//!
//! Neither side has a setting a message: a client or a method compresses, and leaves alone what becomes no shorter. A message of a stream
//! that is to go uncompressed among compressed ones is noise, therefore, where the published cases have zeros.

use futures_util::{StreamExt, TryStreamExt, stream};
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Endpoint, Error};
use towerkit_transport_grpc::{Compression, PoolChannel, Remote};

use crate::cases::{assert_zeros, large};
use crate::pb::{self, InputRequest, InputResponse, OutputRequest, OutputResponse, Payload, ResponseParameters};
use crate::pb::{SimpleRequest, SimpleResponse};
use crate::service::{Flags, TestService};
use crate::site::{Site, soon};
use crate::tap::{TapReplies, TapRequests};

struct Pair {
    _site: Site,
    remote: Remote<TapReplies<PoolChannel>>,
    /// Those of the replies.
    flags: Flags,
}

impl Pair {
    async fn new(compression: Compression) -> Self {
        let site = Site::start(TapRequests(TestService::compressing(compression).routes())).await;
        let (channel, flags) = TapReplies::new(site.target().channel());
        Self { _site: site, remote: Remote::over(channel), flags }
    }
}

macro_rules! test {
    ($($case:ident)*) => {
        mod gzip {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Compression::Gzip).await;
            })*
        }
        mod deflate {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Compression::Deflate).await;
            })*
        }
    };
}

test! {
    our_pair_passes_client_compressed_unary
    our_pair_passes_server_compressed_unary
    our_pair_passes_client_compressed_streaming
    our_pair_passes_server_compressed_streaming
}

async fn our_pair_passes_client_compressed_unary(compression: Compression) {
    let Pair { remote, _site, .. } = Pair::new(compression).await;
    let plain: BoxEndpoint<SimpleRequest, SimpleResponse> = remote.unary(pb::UNARY_CALL).erased();
    let compressing: BoxEndpoint<SimpleRequest, SimpleResponse> =
        remote.unary(pb::UNARY_CALL).compress(compression).erased();
    let expecting = |compressed: bool| SimpleRequest { expect_compressed: Some(compressed.into()), ..large() };

    // Whether the server looks at all.
    let error = soon(plain.invoke(expecting(true))).await.err().unwrap();
    assert_eq!(error.code(), Code::InvalidArgument, "{error:?}");
    let error = soon(compressing.invoke(expecting(false))).await.err().unwrap();
    assert_eq!(error.code(), Code::InvalidArgument, "{error:?}");

    assert_zeros(soon(compressing.invoke(expecting(true))).await.unwrap().payload, 314_159);
    assert_zeros(soon(plain.invoke(expecting(false))).await.unwrap().payload, 314_159);
}

async fn our_pair_passes_server_compressed_unary(compression: Compression) {
    let Pair { remote, flags, _site } = Pair::new(compression).await;
    let call: BoxEndpoint<SimpleRequest, SimpleResponse> = remote.unary(pb::UNARY_CALL).erased();
    for compressed in [true, false] {
        let request = SimpleRequest { response_compressed: Some(compressed.into()), ..large() };
        let payload = soon(call.invoke(request)).await.unwrap().payload.unwrap();
        assert!(payload == expected(compressed, 314_159));
        assert_eq!(taken(&flags), [compressed]);
    }
}

async fn our_pair_passes_client_compressed_streaming(compression: Compression) {
    let Pair { remote, _site, .. } = Pair::new(compression).await;
    let plain: BoxEndpoint<BoxStream<InputRequest>, InputResponse> =
        remote.client_streaming(pb::STREAMING_INPUT_CALL).erased();
    let compressing: BoxEndpoint<BoxStream<InputRequest>, InputResponse> =
        remote.client_streaming(pb::STREAMING_INPUT_CALL).compress(compression).erased();
    let expecting = |compressed: bool, payload| {
        Ok::<_, Error>(InputRequest { payload: Some(payload), expect_compressed: Some(compressed.into()) })
    };

    let probe = stream::iter([expecting(true, Payload::zeros(27182))]).boxed();
    let error = soon(plain.invoke(probe)).await.err().unwrap();
    assert_eq!(error.code(), Code::InvalidArgument, "{error:?}");

    let requests = [expecting(true, Payload::zeros(27182)), expecting(false, Payload::noise(45904))];
    let reply = soon(compressing.invoke(stream::iter(requests).boxed())).await.unwrap();
    assert_eq!(reply.aggregated_payload_size, 73086);
}

async fn our_pair_passes_server_compressed_streaming(compression: Compression) {
    let Pair { remote, flags, _site } = Pair::new(compression).await;
    let call: BoxEndpoint<OutputRequest, BoxStream<OutputResponse>> =
        remote.server_streaming(pb::STREAMING_OUTPUT_CALL).erased();
    let asked = [(true, 31415), (false, 92653)];
    let response_parameters = asked.map(|(compressed, size)| ResponseParameters {
        size,
        compressed: Some(compressed.into()),
        ..ResponseParameters::default()
    });
    let request = OutputRequest { response_parameters: response_parameters.into(), ..OutputRequest::default() };
    let replies: Vec<_> = soon(soon(call.invoke(request)).await.unwrap().try_collect()).await.unwrap();
    assert_eq!(replies.len(), 2);
    assert!(replies[0].payload == Some(expected(true, 31415)));
    assert!(replies[1].payload == Some(expected(false, 92653)));
    assert_eq!(taken(&flags), [true, false]);
}

fn taken(flags: &Flags) -> Vec<bool> {
    std::mem::take(&mut flags.0.lock().unwrap())
}

fn expected(compressed: bool, size: usize) -> Payload {
    if compressed { Payload::zeros(size) } else { Payload::noise(size) }
}
