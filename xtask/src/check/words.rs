//! Text that must not be in the repository: a machine's path, a registry's host, code that is left to be written.

use anyhow::Result;

use super::Findings;
use crate::workspace;

pub fn check() -> Result<Findings> {
    let files =
        workspace::output(workspace::command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut findings = Findings::new();
    for path in files.lines().filter(|path| *path != "Cargo.lock" && !path.ends_with("check/words.rs")) {
        if let Ok(text) = std::fs::read_to_string(workspace::root().join(path)) {
            findings.extend(look(path, &text));
        }
    }
    Ok(findings)
}

const MACHINE_PATHS: [&str; 4] = ["/home/", "/root/", "/work/", "/Users/"];
const REGISTRIES: [&str; 6] = [
    "index.crates.io",
    "static.crates.io",
    "registry.npmjs.org",
    "files.pythonhosted.org",
    "proxy.golang.org",
    "deb.debian.org",
];
const LEFT: [&str; 4] = ["todo!(", "unimplemented!(", "dbg!(", "FIXME"];

fn look(path: &str, text: &str) -> Findings {
    let mut findings = Findings::new();
    for (index, line) in text.lines().enumerate() {
        let mut found = |what: String| findings.push(format!("{path}:{}: {what}", index + 1));
        for machine in MACHINE_PATHS {
            // A path starts after something that is no part of a longer one.
            let starts = line.match_indices(machine).map(|(at, _)| line[..at].chars().next_back());
            if starts.into_iter().any(|before| before.is_none_or(|c| !c.is_alphanumeric() && c != '.' && c != '}')) {
                found(format!("a machine's path: {machine}"));
            }
        }
        for host in REGISTRIES.iter().filter(|host| line.contains(**host)) {
            found(format!("a registry's host: {host}"));
        }
        if path.ends_with(".rs") {
            for left in LEFT.iter().filter(|left| line.contains(**left)) {
                found(format!("left to be done: {left}"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_a_host_and_unfinished_code_are_found() {
        assert_eq!(look("a.md", "see /root/.cargo/x").len(), 1);
        assert_eq!(look("a.md", "from proxy.golang.org").len(), 1);
        assert_eq!(look("a.rs", "    todo!()").len(), 1);
        assert!(look("a.rs", "let path = \"crates/work/x\"; // to do: nothing").is_empty());
    }
}
