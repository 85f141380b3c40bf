//! addsvc adds numbers and joins texts. It is laid out as a service is meant to be with towerkit:
//!
//! * [`service`] is the domain: a trait, a struct, an error. Nothing of the network is in it.
//! * [`endpoint`] makes each method an endpoint, and puts the layers around it.
//! * [`client`] is what a client puts around each call.
//! * [`pb`] is generated of `proto/add.proto`, whose names and numbers are Go kit's.
//! * [`transport`] serves the endpoints and calls them, one file a transport.
//!
//! `src/main.rs` starts it, `src/bin/addcli.rs` is its command line.

pub mod client;
pub mod endpoint;
pub mod pb;
pub mod service;
pub mod transport;
