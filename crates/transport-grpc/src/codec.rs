//! How messages are written within gRPC's frames.
//!
//! [`Proto`] writes protobuf messages, and is what a [`Method`](crate::Method) has unless another is given. [`Raw`] passes bytes
//! on as they are, for a proxy or for messages that are written elsewhere. A codec of your own names its subtype, which stands in
//! the media type, `application/grpc+SUBTYPE`:
//!
//! ```
//! use bytes::{Bytes, BytesMut};
//! use towerkit_endpoint::{BoxError, Error, endpoint_fn};
//! use towerkit_transport_grpc::codec::Codec;
//! use towerkit_transport_grpc::{Method, Routes, Server};
//!
//! /// A text, as it stands.
//! #[derive(Clone, Copy, Debug)]
//! struct Text;
//!
//! impl Codec<String> for Text {
//!     const SUBTYPE: &'static str = "text";
//!
//!     fn encode(&self, message: &String, into: &mut BytesMut) -> Result<(), BoxError> {
//!         into.extend_from_slice(message.as_bytes());
//!         Ok(())
//!     }
//!
//!     fn decode(&self, message: Bytes) -> Result<String, BoxError> {
//!         Ok(String::from_utf8(message.into())?)
//!     }
//! }
//!
//! const SHOUT: Method<String, String, Text> = Method::with_codec("/texts.Texts/Shout", Text);
//! let shout = endpoint_fn(|text: String| async move { Ok::<_, Error>(text.to_uppercase()) });
//! let routes = Routes::new().unary(SHOUT, Server::new(shout));
//! # let _ = routes;
//! ```

mod proto;
mod raw;

use bytes::{Bytes, BytesMut};
use towerkit_endpoint::BoxError;

pub use crate::client::{Accompanied, Converts, ManyReplies, ManyRequests, OneReply, OneRequest};
pub use proto::Proto;
pub use raw::Raw;

/// How a message of one type is written within a frame.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't write messages of type `{M}`",
    note = "`Proto` writes what is `prost::Message + Default`, `Raw` writes `bytes::Bytes`"
)]
pub trait Codec<M>: Clone + Send + Sync + 'static {
    /// What stands behind `application/grpc+` in the media type; `application/grpc` alone means `proto`.
    const SUBTYPE: &'static str;

    /// How many bytes the message has, as far as that is known beforehand; by default nothing is.
    fn size_hint(&self, message: &M) -> usize {
        let _ = message;
        0
    }

    /// Appends the message.
    ///
    /// # Errors
    ///
    /// Where the message can't be written; the caller gets `Internal`.
    fn encode(&self, message: &M, into: &mut BytesMut) -> Result<(), BoxError>;

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// Where the bytes are no such message. A server answers `InvalidArgument` with the text of the error; to a client's caller it
    /// is `Internal`.
    fn decode(&self, message: Bytes) -> Result<M, BoxError>;
}
