use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Output, Stdio};

use crate::running::{Runningsum, cli};

/// Exit code, standard output and standard error of the program that is given these lines.
fn given(lines: &str, mut cli: Command) -> (Option<i32>, String, String) {
    let mut child = cli.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may be gone before it has read them all.
    let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn it_prints_the_total_after_each_number() {
    let runningsum = Runningsum::start(&[]);
    assert_eq!(given("1\n2\n-5\n", runningsum.cli()), (Some(0), "1\n3\n-2\n".to_owned(), String::new()));
}

#[test]
fn a_total_is_there_before_the_next_number_is() {
    let runningsum = Runningsum::start(&[]);
    let mut child = runningsum.cli().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut numbers, mut totals) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    for (number, total) in [("1", "1"), ("2", "3"), ("3", "6")] {
        writeln!(numbers, "{number}").unwrap();
        assert_eq!(totals.next().unwrap().unwrap(), total);
    }
    drop(numbers);
    assert!(totals.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_line_that_is_no_number_is_named() {
    let runningsum = Runningsum::start(&[]);
    let (code, _, told) = given("1\ntwo\n", runningsum.cli());
    assert_eq!((code, told.as_str()), (Some(1), "error: line 2: \"two\": invalid digit found in string\n"));
}

#[test]
fn what_the_service_refuses_is_told() {
    let runningsum = Runningsum::start(&[]);
    let (code, totals, told) = given("9223372036854775807\n1\n", runningsum.cli());
    assert_eq!((code, totals.as_str()), (Some(1), "9223372036854775807\n"));
    assert_eq!(told, "error: the total has more than 64 bits\n");
}

#[test]
fn a_flood_arrives_whole_and_is_measured() {
    let runningsum = Runningsum::start(&[]);
    let mut cli = runningsum.cli();
    cli.args(["--flood", "2500", "--pause", "20"]);
    let (code, told, _) = given("", cli);
    assert_eq!(code, Some(0));
    let lead = told.strip_prefix("2500 numbers come to 2500\nthe sender was ahead of the reader by ").unwrap();
    let lead: u64 = lead.strip_suffix(" at most\n").unwrap().parse().unwrap();
    // They all fit into the windows.
    assert!((1..=2500).contains(&lead), "{told}");
}

#[test]
fn a_service_that_is_not_there_is_reported_with_the_cause() {
    let (code, _, told) = given("1\n", cli("127.0.0.1:1".parse().unwrap()));
    assert_eq!(code, Some(1));
    assert!(told.contains("can't be reached") && told.contains("refused"), "{told}");
}

#[test]
fn a_port_that_is_taken_is_reported_with_its_flag() {
    let runningsum = Runningsum::start(&[]);
    let taken = runningsum.address.to_string();
    let second = Command::new(env!("CARGO_BIN_EXE_runningsum")).args(["--grpc-addr", &taken]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(told.starts_with(&format!("error: --grpc-addr {taken}: ")), "{told}");
}
