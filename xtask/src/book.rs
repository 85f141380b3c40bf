//! The guide as a book, and every link of the project's pages.

mod links;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::markdown::Page;
use crate::test::tools;
use crate::workspace;
use links::Pages;

/// The pages that are read in the repository alone.
const BESIDE: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

pub fn run() -> Result<bool> {
    let mdbook = tools::provision_one("mdbook").context("mdbook is not here")?;
    let to = workspace::target().join("book");
    let findings = check(&mdbook, &workspace::root(), &to)?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("all links lead somewhere; the book begins at {}", to.join("index.html").display());
    }
    Ok(findings.is_empty())
}

/// Builds the book of a repository, and says what is wrong with it and with the links of its pages.
fn check(mdbook: &Path, root: &Path, to: &Path) -> Result<Vec<String>> {
    // A page that was taken out is not to be found there by a link that was left.
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    let mut build = Command::new(mdbook);
    build.arg("build").arg(root.join("docs")).arg("--dest-dir").arg(to);
    let output = build.output().with_context(|| format!("{} can't be run", mdbook.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let mut findings: Vec<_> = said.lines().filter(|line| line.contains("WARN")).map(str::to_owned).collect();
    if !output.status.success() {
        findings.push(format!("mdbook failed:\n{}", said.trim_end()));
        return Ok(findings);
    }
    let pages = Pages { root: root.to_owned(), book: to.to_owned(), pages: read(root)? };
    findings.extend(pages.check());
    Ok(findings)
}

/// All pages, by their paths in the repository.
fn read(root: &Path) -> Result<BTreeMap<PathBuf, Page>> {
    let mut files: Vec<_> = BESIDE.iter().map(PathBuf::from).filter(|file| root.join(file).exists()).collect();
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    let page = |file: PathBuf| {
        let text = std::fs::read_to_string(root.join(&file))?;
        Ok((file, Page::parse(&text)))
    };
    files.into_iter().map(page).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository of some files, its book, and what is wrong with them.
    fn checked(name: &str, files: &[(&str, &str)]) -> Option<Vec<String>> {
        let mdbook = towerkit_testing::tool::find("mdbook", name)?;
        let root = std::env::temp_dir().join(format!("towerkit-book-{name}-{}", std::process::id()));
        let book = ("docs/book.toml", "[book]\nsrc = \".\"\n[build]\ncreate-missing = false\n");
        for (path, text) in files.iter().chain([&book]) {
            let file = root.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let findings = check(Path::new(&mdbook), &root, &root.join("book"));
        std::fs::remove_dir_all(&root).unwrap();
        Some(findings.unwrap())
    }

    #[test]
    fn a_book_whose_links_lead_somewhere_has_no_findings() {
        let Some(findings) = checked(
            "good",
            &[
                ("docs/SUMMARY.md", "- [One](one.md)\n- [Two](deep/two.md)\n"),
                (
                    "docs/one.md",
                    "# One\n\n[two](deep/two.md#half-way), [a picture](one.svg), [out](https://docs.rs/tower)\n",
                ),
                ("docs/one.svg", "<svg/>"),
                ("docs/deep/two.md", "# Two\n\n## Half way\n\n[one](../one.md), [here](#two)\n"),
                ("README.md", "[one](docs/one.md#one), [a folder](docs/deep)\n"),
            ],
        ) else {
            return;
        };
        assert_eq!(findings, [""; 0]);
    }

    #[test]
    fn a_broken_link_of_any_kind_is_found() {
        let Some(findings) = checked(
            "bad",
            &[
                ("docs/SUMMARY.md", "- [One](one.md)\n"),
                (
                    "docs/one.md",
                    "# One\n\n[gone](gone.md)\n[half](#half)\n![no](no.svg)\n[out](../README.md)\n[no host](https:///a)\n",
                ),
                ("docs/left.md", "# Left out\n"),
                ("README.md", "[gone](gone)\n[half](docs/one.md#half)\n"),
            ],
        ) else {
            return;
        };
        assert_eq!(
            findings,
            [
                "README.md:1: gone: there is no such file",
                "README.md:2: docs/one.md#half: docs/one.md has no such heading",
                "docs/left.md: docs/SUMMARY.md does not have it",
                "docs/one.md:3: gone.md: there is no such file",
                "docs/one.md:4: #half: docs/one.md has no such heading",
                "docs/one.md:5: no.svg: there is no such file",
                "docs/one.md:6: ../README.md: is not in the book, so that the link leads nowhere there",
                "docs/one.md:7: https:///a: is no URL",
            ]
        );
    }

    #[test]
    fn a_chapter_without_a_page_is_found() {
        let Some(findings) = checked("missing", &[("docs/SUMMARY.md", "- [One](one.md)\n")]) else { return };
        assert!(findings[0].contains("one.md"), "{findings:?}");
    }
}
