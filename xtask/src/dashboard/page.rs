//! The page around the picture: the log lines in it are of the same incident.

use anyhow::{Context, Result};

use super::incident::Told;

/// What goes wrong in the incident, in its order.
const CODES: [&str; 4] = ["resource_exhausted", "invalid_argument", "deadline_exceeded", "unavailable"];

/// For each of the codes, what both services said of the first request that failed so at the gateway.
pub fn log(told: &Told) -> Result<String> {
    let requests = || told.addsvc.lines().chain(told.gateway.lines()).filter(|line| line.contains(" msg=request "));
    let of = |code: &&str| {
        let failed = |line: &&str| line.contains(&format!(" code={code} ")) && line.contains("service=apigateway");
        let first = requests().find(failed).with_context(|| format!("the gateway logged no {code}"))?;
        let trace = first.split(' ').find(|field| field.starts_with("trace_id=")).context("no trace in the log")?;
        let mut lines: Vec<_> = requests().filter(|line| line.contains(trace)).collect();
        // Each begins with its time.
        lines.sort_unstable();
        Ok(lines.join("\n"))
    };
    let parts: Result<Vec<_>> = CODES.iter().map(of).collect();
    Ok(parts?.join("\n\n"))
}

const BEGIN: &str = "```text";
const END: &str = "\n```\n";

/// The page, with these lines in its block of text.
pub fn with_log(page: &str, log: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("the page has no block of text")?;
    let (_, after) = rest.split_once(END).context("the page's block of text does not end")?;
    Ok(format!("{before}{BEGIN}\n{log}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_request_stand_together_in_the_order_of_their_times() {
        let line =
            |ts, code, trace, service| format!("ts={ts} msg=request code={code} trace_id={trace} service={service}\n");
        let mut told =
            Told { began: 0.0, gateway: String::new(), addsvc: line(1, "resource_exhausted", "a", "addsvc") };
        assert!(log(&told).is_err(), "the gateway said nothing");
        for (ts, (code, trace)) in (2..).zip(CODES.iter().zip(["a", "b", "c", "d"])) {
            told.gateway += &line(ts, code, trace, "apigateway");
        }
        let log = log(&told).unwrap();
        let first = told.addsvc + told.gateway.lines().next().unwrap();
        assert_eq!(log.split("\n\n").next().unwrap(), first);
        assert_eq!(log.split("\n\n").count(), CODES.len());
    }

    #[test]
    fn the_lines_replace_those_before() {
        for page in ["a\n```text\nold\n```\nb\n```c\n```\n", "a\n```text\n```\nb\n```c\n```\n"] {
            assert_eq!(with_log(page, "new").unwrap(), "a\n```text\nnew\n```\nb\n```c\n```\n");
        }
        assert!(with_log("a", "new").is_err());
    }
}
