mod error;
mod future;
mod layer;
mod service;

pub use error::DeadlineElapsed;
pub use future::DeadlineFuture;
pub use layer::DeadlineLayer;
pub use service::Deadline;
