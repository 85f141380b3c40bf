//! How the endpoints meet the network.

pub mod http;
pub mod json_rpc;
