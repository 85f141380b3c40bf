//! Programs that tests want beside themselves: a load generator, a server of another make.
//!
//! What runs the tests (here `cargo xtask test`) puts the path of the program `wrk` in the variable `TOWERKIT_TOOL_WRK`, and
//! that of `carbon-cache` in `TOWERKIT_TOOL_CARBON_CACHE`. A
//! test whose program is not there is skipped, and says so: on standard error, and as a line in the file that
//! `TOWERKIT_SKIPPED_FILE` names. Where `TOWERKIT_REQUIRE_ALL` is set it fails instead.
//!
//! ```
//! use towerkit_testing::tool;
//!
//! fn the_server_outlives_a_load_test() {
//!     let Some(wrk) = tool::find("wrk", "the_server_outlives_a_load_test") else { return };
//!     println!("to be run: {}", wrk.display());
//! }
//! # the_server_outlives_a_load_test();
//! ```

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// The path of a program; none where it is not there, and the test is to return.
///
/// # Panics
///
/// Where the program is not there and nothing may be skipped.
#[must_use]
pub fn find(program: &str, test: &str) -> Option<PathBuf> {
    let path = std::env::var_os(format!("TOWERKIT_TOOL_{}", program.to_uppercase().replace('-', "_")));
    if path.is_none() {
        skip(test, &format!("{program} is not here"));
    }
    path.map(PathBuf::from)
}

/// Says that a test is skipped, and why; the test is to return.
///
/// # Panics
///
/// Where nothing may be skipped.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub fn skip(test: &str, why: &str) {
    assert!(std::env::var_os("TOWERKIT_REQUIRE_ALL").is_none(), "{test} may not be skipped: {why}");
    let line = format!("SKIPPED: {test}: {why}");
    eprintln!("{line}");
    if let Some(file) = std::env::var_os("TOWERKIT_SKIPPED_FILE") {
        // Where it can't be written the line above stands all the same.
        let _ = OpenOptions::new().append(true).create(true).open(file).and_then(|mut file| writeln!(file, "{line}"));
    }
}
