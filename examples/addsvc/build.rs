//! Generates `pb` of `proto/add.proto`, without protoc.

#![allow(clippy::print_stdout, reason = "it is how cargo is told")]

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use protox::prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(["proto/add.proto"], ["proto"])?;
    // What the reflection service tells of.
    let file = PathBuf::from(env::var("OUT_DIR")?).join("add.bin");
    fs::write(file, descriptors.encode_to_vec())?;
    tonic_prost_build::configure().build_transport(false).compile_fds(descriptors)?;
    Ok(())
}
