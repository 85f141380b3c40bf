mod future;
mod latencies;
mod layer;
mod policy;
mod service;

pub use future::HedgeFuture;
pub use layer::HedgeLayer;
pub use policy::Hedging;
pub use service::Hedge;
