//! The routing service, as this process sees it: a remote one, whose words are turned into those of the domain.

mod client;
mod wire;

pub(crate) use client::Routing;
