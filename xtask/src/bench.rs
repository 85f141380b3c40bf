//! Benchmarks: ratios within one run, since machines are noisy. CPU time and instruction counts go before wall time, and the
//! rounds of what is compared are interleaved.

mod added;
mod grpc;
mod http;
mod layers;
mod nats;
mod peers;
mod probe;
mod process;
mod proxy;
mod resilience;
mod sd;
mod table;
mod turns;

use anyhow::{Result, bail};

use table::Row;

#[derive(clap::Args)]
pub struct Flags {
    /// Which: `layers`, `http`, `grpc`, `nats`, `proxy`, `resilience`, `sd`, `telemetry`, `auth` or `peers`.
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

/// A table of a benchmark.
pub struct Part {
    title: &'static str,
    rows: Vec<Row>,
    /// A column for each unit, in place of a line for each row.
    matrix: bool,
}

pub fn run(flags: &Flags) -> Result<bool> {
    // Most are one table without a title.
    let alone = |rows| vec![Part { title: "", rows, matrix: false }];
    let parts = match flags.name.as_str() {
        "layers" => alone(layers::run(flags.quick)?),
        "http" => alone(http::run(flags.quick)?),
        "grpc" => alone(grpc::run(flags.quick)?),
        "nats" => alone(nats::run(flags.quick)?),
        "proxy" => alone(proxy::run(flags.quick)?),
        "resilience" => alone(resilience::run(flags.quick)?),
        "sd" => sd::run(flags.quick)?,
        "telemetry" => added::run(added::TELEMETRY, flags.quick)?,
        "auth" => added::run(added::AUTH, flags.quick)?,
        "peers" => peers::run(flags.quick)?,
        other => bail!(
            "there is no benchmark {other:?}: it is `layers`, `http`, `grpc`, `nats`, `proxy`, `resilience`, `sd`, `telemetry`, \
             `auth` or `peers`"
        ),
    };
    for Part { title, rows, matrix } in &parts {
        if flags.json {
            for row in rows {
                let mut told = row.json();
                told["part"] = (*title).into();
                println!("{told}");
            }
            continue;
        }
        if !title.is_empty() {
            println!("\n### {title}\n");
        }
        if *matrix { table::print_matrix(rows) } else { table::print(rows) }
    }
    let rows = parts.iter().flat_map(|part| &part.rows);
    let missed: Vec<&Row> = rows.filter(|row| row.is_over()).collect();
    if flags.check {
        for row in &missed {
            eprintln!("over its budget: {} {}", row.name, row.unit);
        }
    }
    Ok(!flags.check || missed.is_empty())
}
