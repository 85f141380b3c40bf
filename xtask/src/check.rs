//! The invariants of ARCHITECTURE.md that no compiler checks. Each is a function from text to findings, and each is seen to fail
//! in its tests.

mod dependencies;
mod facade;
mod globals;
mod guide;
mod layout;
mod manifests;
mod readied;
mod source;
mod strata;
mod words;

use anyhow::Result;

use crate::{lines, workspace};

/// What is wrong, and where.
type Findings = Vec<String>;

pub fn run() -> Result<bool> {
    let root = workspace::root();
    let sources = source::read(&root, "crates")?;
    let checks: [(&str, Findings); 11] = [
        ("endpoint depends on no transport, no runtime I/O, no serde", strata::endpoint()?),
        ("no layer on a layer, no core on a transport", strata::edges()?),
        ("nothing global", globals::check(&sources)),
        ("a layer calls the instance that was readied", readied::check(&sources)),
        ("lints and versions are the workspace's", manifests::check(&root)?),
        ("the Rust of every page is run", guide::check(&root)?),
        ("a line for each dependency", dependencies::check(&root)?),
        ("the facade has every crate and every feature", facade::check(&root)?),
        ("the examples are as short as README.md says", lines::check(&root)?),
        ("no machine's path, no registry's host, nothing left to do", words::check()?),
        ("the top level holds what it should", layout::check()?),
    ];
    let mut good = true;
    for (name, findings) in checks {
        println!("{} {name}", if findings.is_empty() { "ok  " } else { "FAIL" });
        for finding in &findings {
            println!("       {finding}");
        }
        good &= findings.is_empty();
    }
    Ok(good)
}
