use std::pin::Pin;

use futures_core::Stream;

use crate::Error;

/// A stream of messages or of replies, with its type hidden. Each transport has its own form for it: HTTP lines of JSON, events
/// or chunks, gRPC its streams.
///
/// Any stream whose items are `Result<T, Error>` becomes one by `Box::pin`. It is polled only when its reader has room for
/// another item, and an error is its last item. Dropping it cancels what makes it.
pub type BoxStream<T> = Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>;
