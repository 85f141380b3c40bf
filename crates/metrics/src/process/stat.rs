//! What Linux tells of this process: proc_pid_stat(5), proc_pid_status(5), proc_pid_limits(5), proc_stat(5).

use std::fs;

/// Ticks a second in what `/proc` tells: `USER_HZ`, 100 wherever Linux runs today.
const TICKS: f64 = 100.0;

/// What is known of the process just now; none where it can't be read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Stat {
    pub(super) cpu_seconds: Option<f64>,
    pub(super) start_seconds: Option<f64>,
    pub(super) resident_bytes: Option<f64>,
    pub(super) virtual_bytes: Option<f64>,
    pub(super) threads: Option<f64>,
    pub(super) open_fds: Option<f64>,
    pub(super) max_fds: Option<f64>,
}

impl Stat {
    pub(super) fn now() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        // The folder is open itself while it is read.
        let open_fds = fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1) as f64);
        let [stat, status, limits, system] =
            ["/proc/self/stat", "/proc/self/status", "/proc/self/limits", "/proc/stat"].map(read);
        Self { open_fds, ..Self::parse(&stat, &status, &limits, &system) }
    }

    /// Each is empty where it could not be read.
    fn parse(stat: &str, status: &str, limits: &str, system: &str) -> Self {
        // The second field is the program's name in brackets, and may hold anything.
        let after_name = stat.rsplit_once(')').map(|(_, rest)| rest);
        let field = |number: usize| number_of(after_name?.split_whitespace().nth(number - 3));
        let status = |name| number_of(line(status, name)?.split_whitespace().next());
        let boot = number_of(line(system, "btime "));
        Self {
            cpu_seconds: field(14).zip(field(15)).map(|(user, system)| (user + system) / TICKS),
            start_seconds: boot.zip(field(22)).map(|(boot, ticks)| boot + ticks / TICKS),
            resident_bytes: status("VmRSS:").map(|kib| kib * 1024.0),
            virtual_bytes: status("VmSize:").map(|kib| kib * 1024.0),
            threads: status("Threads:"),
            open_fds: None,
            // "unlimited" is no number, and none then.
            max_fds: line(limits, "Max open files").and_then(|limit| number_of(limit.split_whitespace().next())),
        }
    }
}

fn line<'a>(text: &'a str, begin: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(begin)).map(str::trim)
}

fn number_of(text: Option<&str>) -> Option<f64> {
    text?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_an_odd_name_is_read_right() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 1000 1 2 3";
        let status = "Name:\ta) b (c\nVmSize:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n";
        let limits = "Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n";
        let system = "cpu  1 2 3\nbtime 1700000000\n";
        let expected = Stat {
            cpu_seconds: Some(3.0),
            start_seconds: Some(1_700_000_010.0),
            resident_bytes: Some(1_048_576.0),
            virtual_bytes: Some(2_097_152.0),
            threads: Some(3.0),
            open_fds: None,
            max_fds: Some(1024.0),
        };
        assert_eq!(Stat::parse(stat, status, limits, system), expected);
    }

    #[test]
    fn what_cannot_be_read_is_not_made_up() {
        assert_eq!(Stat::parse("", "", "", ""), Stat::default());
        let unlimited = "Max open files            unlimited            unlimited            files\n";
        assert_eq!(Stat::parse("7 (a", "", unlimited, ""), Stat::default());
    }
}
