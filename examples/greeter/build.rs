//! Generates `pb` of `proto/greeter.proto`, without protoc.

#![allow(clippy::print_stdout, reason = "it is how cargo is told")]

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use protox::prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(["proto/greeter.proto"], ["proto"])?;
    // What the reflection service tells of.
    let file = PathBuf::from(env::var("OUT_DIR")?).join("greeter.bin");
    fs::write(file, descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        // The messages are those of HTTP, too.
        .message_attribute(".", "#[derive(serde::Deserialize, serde::Serialize)]")
        .build_client(false)
        .build_server(false)
        .compile_fds(descriptors)?;
    Ok(())
}
