//! Booking: a cargo is booked, routes are asked for, one is taken, the destination may change.

mod endpoint;
mod http;
mod service;

pub(crate) use http::routes;
pub(crate) use service::Booking;
