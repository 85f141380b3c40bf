//! Length-prefixed messages ("gRPC over HTTP2", `Length-Prefixed-Message`): a flag, the length in four bytes, the message.

mod decoder;
mod encoder;
mod error;
mod messages;

pub(crate) use decoder::Decoder;
pub(crate) use encoder::Encoder;
pub(crate) use error::FrameError;
pub(crate) use messages::{Messages, MessagesError};

/// The most bytes of a message unless said otherwise: 4 MiB, as every implementation of gRPC has it.
pub(crate) const DEFAULT_LIMIT: usize = 4 << 20;

/// Messages of a stream that are there together go out together until they have so many bytes: the most of a frame of HTTP/2, unless the
/// peer says otherwise.
pub(crate) const BATCH: usize = 16 << 10;

/// The bytes before a message.
const HEADER: usize = 5;
