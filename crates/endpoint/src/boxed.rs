use tower::util::BoxCloneSyncService;

use crate::{Error, Request};

/// An endpoint whose type is hidden: what [`Endpoint::erased`](crate::Endpoint::erased) gives, and what transports,
/// structs of endpoints and function signatures name.
///
/// A call costs one allocation, for its future, and a clone costs another; so box a stack once, at its outer end, and
/// not layer by layer.
pub type BoxEndpoint<T, R> = BoxCloneSyncService<Request<T>, R, Error>;
