//! towerkit endpoints over HTTP.

mod body;
mod status;

pub use body::{Body, ReadError};
pub use status::{code_of, status_of};
