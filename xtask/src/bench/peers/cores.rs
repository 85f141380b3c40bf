//! A core for the server, and another one for the load: whoever counts cores finds one, Go's runtime and Tokio's alike.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace;

pub struct Cores {
    server: u32,
    load: u32,
}

impl Cores {
    /// The first two that this may run on.
    pub fn ours() -> Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let mut allowed = allowed(&status).context("no list of processor cores")?.into_iter();
        let mut next =
            || allowed.next().context("two processor cores are needed: one for the server, one for the load");
        Ok(Self { server: next()?, load: next()? })
    }

    /// Puts this program, and what it starts from here on, on the core of the load.
    pub fn stay_with_load(&self) -> Result<()> {
        let own = std::process::id().to_string();
        workspace::output(Command::new("taskset").args(["-c", "-p", &self.load.to_string(), &own]))?;
        Ok(())
    }

    /// A program on the core of servers.
    pub fn server(&self, program: &Path) -> Command {
        let mut command = Command::new("taskset");
        command.args(["-c", &self.server.to_string()]).arg(program);
        command
    }
}

/// proc(5), `status`: `Cpus_allowed_list:  0-1,4`.
fn allowed(status: &str) -> Option<Vec<u32>> {
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?.trim();
    let ranges = list.split(',').map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    Some(ranges.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cores_that_may_be_used_are_read() {
        assert_eq!(allowed("Name:\tx\nCpus_allowed_list:\t0-2,5\n"), Some(vec![0, 1, 2, 5]));
        assert_eq!(allowed("Cpus_allowed_list:\t3\n"), Some(vec![3]));
        assert_eq!(allowed("Cpus_allowed_list:\tall\n"), None);
        assert_eq!(allowed("Name:\tx\n"), None);
    }
}
