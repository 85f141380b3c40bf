//! Tracking: where a cargo is, for the customer.

mod endpoint;
mod http;
mod service;
mod words;

pub(crate) use http::routes;
pub(crate) use service::Tracking;
