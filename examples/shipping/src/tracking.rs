//! Tracking: where a cargo is, for the customer.

mod endpoint;
mod words;

pub(crate) use endpoint::routes;
