//! How the endpoints meet the network.

pub mod grpc;
pub mod http;
pub mod json_rpc;
pub mod nats;
