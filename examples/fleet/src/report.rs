//! How each client fared in each phase.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use tokio::time::Instant;

use crate::clients::Sizes;
use crate::load::Call;
use crate::scenario::Phase;

/// What became of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The clients.
    pub names: Vec<&'static str>,
    /// How many instances each of them had.
    pub sizes: Vec<Sizes>,
    /// When each phase began, and when the last was over.
    pub phases: Vec<Instant>,
    /// Every call.
    pub calls: Vec<Call>,
}

/// One client in one phase: the calls that were to be made in it, and of those that failed the ones that failed in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// How many they were.
    pub calls: usize,
    /// How many of them failed, and how.
    pub failed: BTreeMap<&'static str, usize>,
    /// The median of how long they took, good or not.
    pub p50: Duration,
    /// What 99 of 100 took at most, good or not.
    pub p99: Duration,
    /// What the longest took.
    pub longest: Duration,
    /// How long after the phase's begin all was well again: when, after the first that failed, a whole second without a failure begins. None
    /// where there is no such second.
    pub recovered: Option<Duration>,
    /// The fewest instances that it had.
    pub fewest: usize,
}

impl Row {
    /// How many failed.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.failed.values().sum()
    }
}

impl Outcome {
    /// How a client fared in a phase.
    #[must_use]
    pub fn row(&self, phase: Phase, client: &str) -> Row {
        let (from, to) = self.times(phase);
        let sizes = &self.sizes[self.number(client)];
        Row { fewest: fewest(sizes, from, to), ..row(self.calls_of(phase, client), from, to) }
    }

    fn calls_of(&self, phase: Phase, client: &str) -> impl Iterator<Item = &Call> {
        let ((from, to), number) = (self.times(phase), self.number(client));
        // What is done to the fleet hits calls under way, too: one that failed is of the phase in which it did.
        let at = |call: &Call| if call.failed.is_some() { call.due + call.took } else { call.due };
        self.calls.iter().filter(move |call| call.client == number && (from..to).contains(&at(call)))
    }

    fn times(&self, phase: Phase) -> (Instant, Instant) {
        let at = Phase::ALL.iter().position(|one| *one == phase).unwrap_or_default();
        (self.phases[at], self.phases[at + 1])
    }

    fn number(&self, client: &str) -> usize {
        self.names.iter().position(|name| *name == client).unwrap_or_default()
    }

    /// How many calls failed, by phase and client.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut table = format!("| failed calls | {} |\n", self.names.join(" | "));
        table += &format!("| --- |{}\n", " ---: |".repeat(self.names.len()));
        for phase in Phase::ALL {
            let lost = |name: &&str| {
                let row = self.row(phase, name);
                format!("{} of {}", row.lost(), row.calls)
            };
            let lost: Vec<_> = self.names.iter().map(lost).collect();
            let _ = writeln!(table, "| {} | {} |", phase.name(), lost.join(" | "));
        }
        table
    }

    /// What the calls of a client failed of in a phase, each reason once.
    #[must_use]
    pub fn reasons(&self, phase: Phase, client: &str) -> String {
        let mut reasons: Vec<&str> = self.calls_of(phase, client).filter_map(|call| call.why.as_deref()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        reasons.join("\n")
    }

    /// All there is to say, a row for each phase and client.
    #[must_use]
    pub fn details(&self) -> String {
        let mut table = "| phase | client | calls | failed | p50 | p99 | longest | well after | fewest |\n".to_owned();
        table += "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |\n";
        for phase in Phase::ALL {
            for name in &self.names {
                let Row { calls, failed, p50, p99, longest, recovered, fewest } = self.row(phase, name);
                let failed: Vec<_> = failed.iter().map(|(code, times)| format!("{times} {code}")).collect();
                let failed = if failed.is_empty() { "0".to_owned() } else { failed.join(", ") };
                let recovered = match recovered {
                    _ if failed == "0" => "-".to_owned(),
                    Some(after) => format!("{:.1} s", after.as_secs_f64()),
                    None => "not in it".to_owned(),
                };
                let (phase, [p50, p99, longest]) = (phase.name(), [p50, p99, longest].map(millis));
                let _ = writeln!(
                    table,
                    "| {phase} | {name} | {calls} | {failed} | {p50} | {p99} | {longest} | {recovered} | {fewest} |"
                );
            }
        }
        table
    }
}

fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 10.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

fn row<'a>(calls: impl Iterator<Item = &'a Call>, from: Instant, to: Instant) -> Row {
    let mut calls: Vec<_> = calls.collect();
    calls.sort_by_key(|call| call.due);
    let mut failed = BTreeMap::new();
    for code in calls.iter().filter_map(|call| call.failed) {
        *failed.entry(code.as_str()).or_default() += 1;
    }
    let recovered = recovered(calls.iter().filter(|call| call.failed.is_some()).map(|call| call.due), from, to);
    let mut took: Vec<_> = calls.iter().map(|call| call.took).collect();
    took.sort_unstable();
    let of_100 = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
    let longest = took.last().copied().unwrap_or_default();
    Row { calls: calls.len(), failed, p50: of_100(50), p99: of_100(99), longest, recovered, fewest: 0 }
}

const SECOND: Duration = Duration::from_secs(1);

/// When the first whole second without a failure begins that comes after a failure; at once where there is none.
fn recovered(mut failures: impl Iterator<Item = Instant>, from: Instant, to: Instant) -> Option<Duration> {
    let mut begins = failures.next().unwrap_or(from);
    for failure in failures {
        if failure >= begins + SECOND {
            break;
        }
        begins = failure;
    }
    (begins + SECOND <= to).then(|| begins - from)
}

/// What stood at the begin counts too.
fn fewest(sizes: &Sizes, from: Instant, to: Instant) -> usize {
    let before = sizes.iter().rev().find(|(at, _)| *at <= from);
    let within = sizes.iter().filter(|(at, _)| (from..to).contains(at));
    before.into_iter().chain(within).map(|(_, size)| *size).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use towerkit_endpoint::Code;

    use super::*;

    fn call(from: Instant, due: u64, took: u64, failed: Option<Code>) -> Call {
        Call { client: 0, due: from + Duration::from_millis(due), took: Duration::from_millis(took), failed, why: None }
    }

    #[test]
    fn a_row_counts_the_failures_by_their_kind_and_has_the_times_of_all() {
        let from = Instant::now();
        let mut calls: Vec<_> = (0..100).map(|number| call(from, number, number, None)).collect();
        calls[3].failed = Some(Code::Unavailable);
        calls[4].failed = Some(Code::Unavailable);
        calls[5].failed = Some(Code::DeadlineExceeded);
        let row = row(calls.iter(), from, from + 2 * SECOND);
        assert_eq!((row.calls, row.lost(), row.failed.len(), row.failed["unavailable"]), (100, 3, 2, 2));
        assert_eq!([row.p50, row.p99, row.longest].map(|time| time.as_millis()), [50, 99, 99]);
        assert_eq!(row.recovered, Some(Duration::from_millis(5)));
    }

    #[test]
    fn all_is_well_again_where_the_first_whole_second_without_a_failure_begins() {
        let from = Instant::now();
        let after = |failures: &[u64]| {
            let failures = failures.iter().map(|failure| from + Duration::from_millis(*failure));
            recovered(failures, from, from + 5 * SECOND).map(|after| after.as_millis())
        };
        assert_eq!(after(&[]), Some(0));
        assert_eq!(after(&[999, 1998, 2500]), Some(2500));
        assert_eq!(after(&[100, 1200]), Some(100));
        assert_eq!(after(&[2000, 2100]), Some(2100), "what went well before it does not count");
        assert_eq!(after(&[900, 1800, 2700, 3600, 4100]), None);
    }

    #[test]
    fn the_fewest_instances_are_those_at_the_begin_or_after_it() {
        let from = Instant::now();
        let at = |millis: u64, size| (from + Duration::from_millis(millis), size);
        let sizes = vec![at(0, 3), at(1000, 1), at(1500, 3), at(3000, 0)];
        let fewest = |begin, end| fewest(&sizes, at(begin, 0).0, at(end, 0).0);
        assert_eq!([fewest(500, 900), fewest(500, 1200), fewest(1200, 2000), fewest(1600, 2000)], [3, 1, 1, 3]);
    }
}
