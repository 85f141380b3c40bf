//! Handling: ports and carriers tell what they have done to a cargo.

mod endpoint;
mod service;

pub(crate) use endpoint::routes;
pub(crate) use service::Handling;
