//! The Rust of the project's pages is run: each page that has some is a test of a crate, and no block is passed over.

use std::path::Path;

use anyhow::{Context, Result};

use super::Findings;
use crate::markdown::Page;
use crate::workspace;

pub fn check(root: &Path) -> Result<Findings> {
    let mut git = workspace::command("git");
    let listed = workspace::output(git.args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    look_at_all(&listed, |path| std::fs::read_to_string(root.join(path)).with_context(|| path.to_owned()))
}

fn look_at_all(listed: &str, read: impl Fn(&str) -> Result<String>) -> Result<Findings> {
    let is_page = |path: &&str| path.ends_with(".md") && (path.starts_with("docs/") || !path.contains('/'));
    let is_list = |path: &&str| path.ends_with("src/lib.rs") || path.ends_with("src/guide.rs");
    let run: String = listed.lines().filter(is_list).map(&read).collect::<Result<_>>()?;
    let pages = listed.lines().filter(is_page).map(|path| Ok(look(path, &Page::parse(&read(path)?), &run)));
    Ok(pages.collect::<Result<Vec<_>>>()?.concat())
}

/// `run` is where crates name the pages that are tests of theirs.
fn look(path: &str, page: &Page, run: &str) -> Findings {
    // The facade's list has them without their folder.
    let short = path.strip_prefix("docs/").unwrap_or(path);
    let is_run = run.contains(&format!("/{path}\"")) || run.contains(&format!("\"{short}\""));
    let rust = page.blocks.iter().filter(|block| block.is("rust"));
    let not_run = rust.take(1).filter(|_| !is_run);
    let not_run = not_run.map(|block| format!("{path}:{}: no crate has this page among its tests", block.line));
    // Where no language is named it is Rust; and there is `ignore-x86_64` as well as `ignore`.
    let passed_over = |word: &String| word.starts_with("ignore");
    let ignored = page.blocks.iter().filter(|block| block.words.iter().any(passed_over));
    let ignored = ignored.map(|block| format!("{path}:{}: a block of Rust that is ignored", block.line));
    not_run.chain(ignored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_no_crate_runs_and_an_ignored_block_are_found() {
        let page = Page::parse("```rust\n```\n");
        assert_eq!(look("docs/a.md", &page, "").len(), 1);
        assert!(look("docs/a.md", &page, "#[doc = include_str!(\"../../../docs/a.md\")]").is_empty());
        assert!(look("docs/crates/a.md", &page, "pages! { A = \"crates/a.md\", }").is_empty());
        assert_eq!(look("docs/a.md", &page, "pages! { A = \"crates/a.md\", }").len(), 1);
        assert!(look("docs/a.md", &Page::parse("```text\n```\n"), "").is_empty());
        for words in ["rust,ignore", "rust,ignore-x86_64", "ignore"] {
            let page = Page::parse(&format!("```{words}\n```\n"));
            assert_eq!(look("README.md", &page, "\"../../../README.md\"").len(), 1, "{words}");
        }
    }

    #[test]
    fn a_page_that_cant_be_read_is_no_empty_one() {
        let looked = |listed| look_at_all(listed, |path| (path == "README.md").then(String::new).context("gone"));
        assert!(looked("README.md\ncrates/a/README.md\n").is_ok_and(|findings| findings.is_empty()));
        assert!(looked("README.md\ndocs/a.md\n").is_err());
        assert!(looked("README.md\ncrates/a/src/lib.rs\n").is_err());
        assert!(looked("README.md\ncrates/a/src/guide.rs\n").is_err());
    }
}
