mod future;
mod layer;
mod service;

pub use future::AttemptsFuture;
pub use layer::AttemptsLayer;
pub use service::Attempts;
