//! Real signals to a real process: this test binary itself, started again to run one test as the program.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use towerkit_lifecycle::{Group, Lifeline, Signals, member_fn};

/// Says which program the child is to be.
const PROGRAM: &str = "TOWERKIT_LIFECYCLE_TEST_PROGRAM";

struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Program {
    fn start(program: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "signals::program", "--nocapture", "--test-threads=1"])
            .env(PROGRAM, program)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Reads on until a line has this text; every program ends by itself in time, so this ends too.
    fn wait_for(&mut self, text: &str) -> String {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "no {text:?} in:\n{seen}");
            seen.push_str(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    fn end(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.output, &mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a law: what the child runs. Without the variable it is nothing.
#[tokio::test]
async fn program() {
    let Ok(program) = std::env::var(PROGRAM) else { return };
    let quick = member_fn("server", |lifeline: Lifeline| async move {
        lifeline.ready();
        lifeline.stopping().await;
        Ok(())
    });
    // A minute bounds the life of a child whose parent is gone.
    let slow = member_fn("slow", |lifeline: Lifeline| async move {
        lifeline.ready();
        lifeline.stopping().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(())
    });
    let never_up = member_fn("never up", |lifeline: Lifeline| async move {
        lifeline.stopping().await;
        Ok(())
    });
    let group = Group::new().stop_timeout(Duration::from_secs(60)).on_event(|event| println!("event: {event}"));
    let signals = Signals::terminate();
    let group = match program.as_str() {
        "quick" => group.with(signals).with(quick),
        "quick, signals last" => group.with(quick).with(signals),
        "slow" => group.with(signals).with(slow),
        "slow, signals last" => group.with(slow).with(signals),
        "never up, signals last" => group.with(never_up).with(signals),
        other => panic!("no program {other}"),
    };
    match group.run().await {
        Ok(report) => println!("good:\n{report}"),
        Err(error) => println!("bad: {error}"),
    }
}

fn ends_cleanly(program: &str, signal: &str) {
    let mut program = Program::start(program);
    program.wait_for("event: ready");
    let began = Instant::now();
    program.signal(signal);
    program.wait_for(&format!("stop asked for by signals: SIG{signal}"));
    program.wait_for("good:");
    let (status, rest) = program.end();
    assert!(status.success(), "{status}");
    assert!(rest.contains("server: stopped"), "{rest}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn sigterm_ends_a_program_cleanly() {
    ends_cleanly("quick", "TERM");
}

#[test]
fn sigint_ends_a_program_cleanly() {
    ends_cleanly("quick", "INT");
}

#[test]
fn signals_may_be_added_last() {
    ends_cleanly("quick, signals last", "TERM");
}

fn a_second_cuts(program: &str) {
    let mut program = Program::start(program);
    program.wait_for("event: ready");
    program.signal("TERM");
    program.wait_for("slow: stopping");
    let began = Instant::now();
    program.signal("TERM");
    let line = program.wait_for("bad:");
    assert_eq!(line, "bad: slow: was aborted, as the drain was given up\n");
    program.end();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn a_second_sigterm_cuts_the_drain() {
    a_second_cuts("slow");
}

#[test]
fn a_second_sigterm_cuts_the_drain_also_where_signals_were_added_last() {
    a_second_cuts("slow, signals last");
}

#[test]
fn a_signal_while_a_member_starts_stops_the_start() {
    let mut program = Program::start("never up, signals last");
    program.wait_for("never up: starting");
    let began = Instant::now();
    program.signal("TERM");
    program.wait_for("good:");
    program.end();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
