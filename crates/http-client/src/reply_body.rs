use std::fmt;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use towerkit_endpoint::BoxError;

use crate::NoReply;

/// The body of a reply, as it comes. Dropped before its end it takes the connection with it, or with HTTP/2 the stream.
///
/// It is read piece by piece, as here, or by [`whole`](Self::whole) or [`beginning`](Self::beginning).
///
/// ```
/// use http_body_util::Full;
/// use towerkit_http_client::{NoReply, ReplyBody};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), NoReply> {
/// // As `HttpClient::send` has it; here for a test.
/// let mut body = ReplyBody::new(Full::from("one\ntwo\n"));
/// while let Some(piece) = body.next().await? {
///     assert_eq!(piece, "one\ntwo\n");
/// }
/// # Ok(())
/// # }
/// ```
pub struct ReplyBody(UnsyncBoxBody<Bytes, BoxError>);

/// A body that was read to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Whole {
    /// What is in it.
    pub data: Bytes,
    /// The header fields behind it, where there are any: gRPC has its status there.
    pub trailers: Option<HeaderMap>,
}

impl ReplyBody {
    /// Any body.
    pub fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self(body.map_err(Into::into).boxed_unsync())
    }

    /// The next piece of it, or nothing at its end. Trailers are passed over. Whoever asks bounds time and size.
    ///
    /// # Errors
    ///
    /// [`NoReply::Broken`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, NoReply> {
        while let Some(frame) = self.frame().await? {
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// All of it, if that is no more than `limit` bytes. Whoever asks bounds the time.
    ///
    /// # Errors
    ///
    /// [`NoReply::TooLong`], at once where the reply says its length, and [`NoReply::Broken`].
    pub async fn whole(mut self, limit: usize) -> Result<Whole, NoReply> {
        if self.0.size_hint().lower() > limit as u64 {
            return Err(NoReply::TooLong(limit));
        }
        let mut data = BytesMut::new();
        let mut trailers = None;
        while let Some(frame) = self.frame().await? {
            match frame.into_data() {
                Ok(piece) if piece.len() > limit - data.len() => return Err(NoReply::TooLong(limit)),
                Ok(piece) => append(&mut data, piece),
                Err(frame) => trailers = frame.into_trailers().ok(),
            }
        }
        Ok(Whole { data: data.freeze(), trailers })
    }

    /// Its first bytes, as many as `limit`, or all if it has fewer: for a text that matters little. Whoever asks bounds the time.
    ///
    /// # Errors
    ///
    /// [`NoReply::Broken`].
    pub async fn beginning(mut self, limit: usize) -> Result<Bytes, NoReply> {
        let mut data = BytesMut::new();
        while data.len() < limit {
            let Some(mut piece) = self.next().await? else { break };
            piece.truncate(limit - data.len());
            append(&mut data, piece);
        }
        Ok(data.freeze())
    }

    async fn frame(&mut self) -> Result<Option<Frame<Bytes>>, NoReply> {
        self.0.frame().await.transpose().map_err(NoReply::Broken)
    }
}

/// A body of one piece is not copied, where nobody else holds it.
fn append(data: &mut BytesMut, piece: Bytes) {
    if data.is_empty() {
        *data = piece.into();
    } else {
        data.extend_from_slice(&piece);
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyBody")
    }
}
