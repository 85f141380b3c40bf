//! addsvc adds numbers and joins texts. It is laid out as a service is meant to be with towerkit:
//!
//! * [`service`] is the domain: a trait, a struct, an error. Nothing of the network is in it.
//! * [`endpoint`] makes each method an endpoint, and puts the layers around it.
//! * [`auth`] is who may call.
//! * [`client`] is what a client puts around each call.
//! * [`registry`] is where it is registered, and where its callers find it.
//! * [`telemetry`] is what operators see of it: logs, metrics, traces.
//! * [`pb`] is generated of `proto/add.proto`, whose names and numbers are Go kit's.
//! * [`transport`] serves the endpoints and calls them, one file a transport.
//!
//! `src/main.rs` starts it, `src/bin/addcli` is its command line.

pub mod auth;
pub mod client;
pub mod endpoint;
pub mod pb;
pub mod registry;
pub mod service;
pub mod telemetry;
pub mod transport;
