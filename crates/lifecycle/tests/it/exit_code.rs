//! What a program says and returns at its end: this test binary itself, started again to run one test as the program.

use std::process::{Command, ExitCode};

use towerkit_endpoint::{BoxError, Code, Error};
use towerkit_lifecycle::exit_code;

/// Says that this is the child.
const PROGRAM: &str = "TOWERKIT_LIFECYCLE_TEST_EXIT_CODE";

fn failed() -> Result<(), Error> {
    Err(Error::new(Code::Unavailable, "no booking just now").with_source(std::io::Error::other("shard 3 is read-only")))
}

/// Not a law: what the child runs. Without the variable it is nothing.
#[test]
fn program() {
    if std::env::var_os(PROGRAM).is_some() {
        assert_eq!(exit_code(Ok::<_, BoxError>(())), ExitCode::SUCCESS);
        assert_eq!(exit_code(failed()), ExitCode::FAILURE);
    }
}

#[test]
fn a_program_that_fails_has_a_code_of_its_own_and_says_why_with_the_cause() {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "exit_code::program", "--nocapture", "--test-threads=1"]).env(PROGRAM, "");
    let output = program.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "error: no booking just now: shard 3 is read-only\n");
}
