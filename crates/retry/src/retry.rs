mod future;
mod layer;
mod policy;
mod service;

pub use future::RetryFuture;
pub use layer::RetryLayer;
pub use policy::Retrying;
pub use service::Retry;
