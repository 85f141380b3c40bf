//! The Rust of the project's pages is run: each page that has some is a test of a crate, and no block is passed over.

use std::path::Path;

use anyhow::Result;

use super::Findings;
use crate::markdown::Page;
use crate::workspace;

pub fn check(root: &Path) -> Result<Findings> {
    let listed = workspace::command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]).output()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let is_page = |path: &&str| path.ends_with(".md") && (path.starts_with("docs/") || !path.contains('/'));
    let pages: Vec<_> = listed.lines().filter(is_page).map(|path| (path, Page::parse(&read(path)))).collect();
    let is_list = |path: &&str| path.ends_with("src/lib.rs") || path.ends_with("src/guide.rs");
    let run: String = listed.lines().filter(is_list).map(read).collect();
    Ok(pages.iter().flat_map(|(path, page)| look(path, page, &run)).collect())
}

/// `run` is where crates name the pages that are tests of theirs.
fn look(path: &str, page: &Page, run: &str) -> Findings {
    // The facade's list has them without their folder.
    let short = path.strip_prefix("docs/").unwrap_or(path);
    let is_run = run.contains(&format!("/{path}\"")) || run.contains(&format!("\"{short}\""));
    let rust = page.blocks.iter().filter(|block| block.is("rust"));
    let not_run = rust.clone().take(1).filter(|_| !is_run);
    let not_run = not_run.map(|block| format!("{path}:{}: no crate has this page among its tests", block.line));
    let ignored = rust.filter(|block| block.is("ignore"));
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
        assert_eq!(look("README.md", &Page::parse("```rust,ignore\n```\n"), "\"../../../README.md\"").len(), 1);
    }
}
