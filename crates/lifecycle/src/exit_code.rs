use std::process::ExitCode;

use towerkit_endpoint::{BoxError, Report};

/// How a program ends: well, or with code 1 and a line on standard error that says why, `error: message: cause`, as a [`Report`] has it.
///
/// What `main` would return as an error is written by Rust as [`Debug`](std::fmt::Debug) has it, which is for programmers.
///
/// ```
/// use std::process::ExitCode;
/// use towerkit_endpoint::BoxError;
/// use towerkit_lifecycle::exit_code;
///
/// fn run() -> Result<(), BoxError> {
///     Ok(())
/// }
///
/// fn main() -> ExitCode {
///     exit_code(run())
/// }
/// ```
#[must_use]
#[expect(clippy::print_stderr, reason = "it is the end of a program, and who started it reads that")]
pub fn exit_code<E: Into<BoxError>>(result: Result<(), E>) -> ExitCode {
    match result.map_err(Into::into) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", Report::new(&*error));
            ExitCode::FAILURE
        }
    }
}
