//! What is generated of `proto/add.proto`: the messages, and tonic's client and server of the service.

#![allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    rust_2018_idioms,
    unused_qualifications,
    reason = "it is generated"
)]

tonic::include_proto!("pb");

/// The service and its messages, as the reflection service tells of them.
pub const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("add");
