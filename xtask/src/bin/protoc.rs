//! What stands in for `protoc` in a build script that asks for it, as etcd-client's does: with it the tests need no more than Rust.
//!
//! ```text
//! protoc [--include_imports] [--include_source_info] -o FILE [-I FOLDER].. PROTO..
//! ```
//!
//! It knows what prost-build passes, and no more.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use protox::Compiler;

#[derive(Parser)]
#[command(about = "Compiles .proto files to a set of descriptors")]
struct Flags {
    /// Put all files into the set that those named import.
    #[arg(long = "include_imports")]
    imports: bool,

    /// Put comments and positions into the set.
    #[arg(long = "include_source_info")]
    source_info: bool,

    /// Where the set is written.
    #[arg(short = 'o')]
    out: PathBuf,

    /// Where imports are looked for.
    #[arg(short = 'I')]
    include: Vec<PathBuf>,

    /// The files to compile.
    #[arg(required = true)]
    protos: Vec<PathBuf>,
}

#[expect(clippy::print_stderr, reason = "it is a program")]
fn main() -> ExitCode {
    match run(&Flags::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> Result<()> {
    let mut compiler = Compiler::new(&flags.include)?;
    compiler.include_imports(flags.imports).include_source_info(flags.source_info).open_files(&flags.protos)?;
    let out = &flags.out;
    std::fs::write(out, compiler.encode_file_descriptor_set())
        .with_context(|| format!("{} can't be written", out.display()))
}
