//! Text that must not be in the repository: a machine's path, a registry's host, code that is left to be written.

use anyhow::Result;

use super::Findings;
use crate::workspace;

pub fn check() -> Result<Findings> {
    let files =
        workspace::output(workspace::command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut findings = Findings::new();
    for path in files.lines().filter(|path| *path != "Cargo.lock") {
        if let Ok(text) = std::fs::read_to_string(workspace::root().join(path)) {
            findings.extend(look(path, &text));
        }
    }
    Ok(findings)
}

/// Where machines keep their users' files and their work.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/", "home/"), concat!("/", "Users/"), concat!("/", "root/"), concat!("/", "work/")];
/// How the hosts of package registries are named.
const REGISTRY_HOSTS: [&str; 8] = ["index.", "static.", "registry.", "proxy.", "repo.", "repo1.", "files.", "deb."];
const LEFT: [&str; 4] =
    [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!("), concat!("FIX", "ME")];

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
        for (at, slashes) in line.match_indices("//") {
            if let Some(host) = REGISTRY_HOSTS.iter().find(|host| line[at + slashes.len()..].starts_with(**host)) {
                found(format!("a registry's host, by its name: {host}"));
            }
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
        assert_eq!(look("a.md", concat!("see /", "root/.cargo/x")).len(), 1);
        assert_eq!(look("a.md", concat!("from https:/", "/proxy.test/x")).len(), 1);
        assert_eq!(look("a.rs", concat!("    todo", "!()")).len(), 1);
        assert!(look("a.rs", "let path = \"crates/work/x\"; // to do: nothing, see https://docs.rs").is_empty());
    }

    #[test]
    fn it_is_told_in_which_line_it_is() {
        let found = look("a.rs", concat!("\ndbg", "!(x);\n"));
        assert_eq!(found, [format!("a.rs:2: left to be done: {}", concat!("dbg", "!("))]);
    }

    #[test]
    fn a_part_of_another_path_a_word_and_what_is_no_code_pass() {
        for text in [
            concat!("see ./", "work/x"),
            concat!("\"${HOME}/", "root/x\""),
            "the index. https://docs.rs/tower",
            concat!("what dbg", "!( does"),
        ] {
            assert_eq!(look("a.md", text), [""; 0], "{text}");
        }
    }
}
