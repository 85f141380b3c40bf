//! How the endpoints meet the network.

pub mod http;
