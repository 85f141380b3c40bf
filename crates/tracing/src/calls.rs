mod layer;
mod service;

pub use layer::CallsLayer;
pub use service::Calls;
