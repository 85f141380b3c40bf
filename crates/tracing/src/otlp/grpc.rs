//! One unary call of gRPC, as its [protocol] has it. The exporter's requests are so small a part of it that they need no more.
//!
//! [protocol]: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use percent_encoding::percent_decode;
use prost::Message;
use towerkit_endpoint::Code;
use towerkit_http_client::excerpt;

use crate::delivery::{Failed, Reply};

pub(super) const METHOD: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// A message as a body: whether it is compressed, its length in four bytes, itself.
pub(super) fn framed(message: &[u8], compressed: bool) -> Result<Bytes, std::num::TryFromIntError> {
    let length = u32::try_from(message.len())?;
    Ok([&[u8::from(compressed)], length.to_be_bytes().as_slice(), message].concat().into())
}

pub(super) fn headers(gzip: bool) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/grpc")),
        (header::TE, HeaderValue::from_static("trailers")),
    ]);
    if gzip {
        headers.insert(HeaderName::from_static("grpc-encoding"), HeaderValue::from_static("gzip"));
    }
    headers
}

pub(super) fn reply(reply: Reply) -> Result<ExportTraceServiceResponse, Failed> {
    let reply = reply.accepted()?;
    // A reply without a body has its status in its head.
    let told = reply.trailers.as_ref().unwrap_or(&reply.headers);
    let Some(status) = told.get("grpc-status").and_then(|status| status.to_str().ok()?.parse::<u8>().ok()) else {
        // They may have been taken: they are not sent again.
        let why = reply.broken.map_or_else(String::new, |broken| format!(": {broken}"));
        return Err(Failed::for_good(format!("the reply has no status of gRPC{why}")));
    };
    if status == 0 {
        // The message behind the five bytes of its frame. One that can't be read takes nothing back.
        let message = reply.body.get(5..).unwrap_or_default();
        return Ok(ExportTraceServiceResponse::decode(message).unwrap_or_default());
    }
    let message = told.get("grpc-message").map_or(&[][..], HeaderValue::as_bytes);
    let message: Vec<u8> = percent_decode(message).collect();
    let code = Code::from_number(status).unwrap_or(Code::Unknown);
    let why = format!("{}: {}", code.as_str(), excerpt(&message));
    let for_now = matches!(
        code,
        Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss
    );
    Err(if for_now { Failed::for_now(why) } else { Failed::for_good(why) })
}
