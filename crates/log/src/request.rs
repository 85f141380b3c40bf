//! The layer that logs requests, of a server or of a client.

mod future;
mod layer;
mod message;
mod outcome;
mod service;
mod settings;
mod underway;

pub use future::LoggedFuture;
pub use layer::LogLayer;
pub use message::{MessageFields, MessageFn, NoFields};
pub use outcome::Outcome;
pub use service::Logged;
pub(crate) use settings::{Kind, Settings};
