//! Handling: ports and carriers tell what they have done to a cargo.

mod endpoint;
mod http;
mod service;

pub(crate) use http::routes;
pub(crate) use service::Handling;
