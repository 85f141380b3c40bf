//! Benchmarks: ratios within one run, since machines are noisy. CPU time and instruction counts go before wall time, and the
//! rounds of what is compared are interleaved.

mod grpc;
mod http;
mod layers;
mod process;
mod proxy;
mod resilience;
mod table;

use anyhow::{Result, bail};

use table::Row;

#[derive(clap::Args)]
pub struct Flags {
    /// Which: `layers`, `http`, `grpc`, `proxy` or `resilience`.
    name: String,

    /// One JSON object a row, in place of the table.
    #[arg(long)]
    json: bool,

    /// Exit with 1 where a budget is missed.
    #[arg(long)]
    check: bool,

    /// Fewer and shorter rounds: done within a minute once it is built.
    #[arg(long)]
    quick: bool,
}

pub fn run(flags: &Flags) -> Result<bool> {
    let rows = match flags.name.as_str() {
        "layers" => layers::run(flags.quick)?,
        "http" => http::run(flags.quick)?,
        "grpc" => grpc::run(flags.quick)?,
        "proxy" => proxy::run(flags.quick)?,
        "resilience" => resilience::run(flags.quick)?,
        other => bail!("there is no benchmark {other:?}: it is `layers`, `http`, `grpc`, `proxy` or `resilience`"),
    };
    if flags.json {
        rows.iter().for_each(|row| println!("{}", row.json()));
    } else {
        table::print(&rows);
    }
    let missed: Vec<&Row> = rows.iter().filter(|row| row.is_over()).collect();
    if flags.check {
        for row in &missed {
            eprintln!("over its budget: {} {}", row.name, row.unit);
        }
    }
    Ok(!flags.check || missed.is_empty())
}
