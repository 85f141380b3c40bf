mod future;
mod layer;
mod service;

pub use future::RequestsFuture;
pub use layer::RequestsLayer;
pub use service::Requests;
