//! Booking: a cargo is booked, routes are asked for, one is taken, the destination may change.

mod endpoint;
mod service;

pub(crate) use endpoint::routes;
pub(crate) use service::Booking;
