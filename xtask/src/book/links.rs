//! Where links lead.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use http::Uri;

use crate::markdown::{Page, Target};

/// All pages of a repository, and the book that was built of those in `docs`.
pub struct Pages {
    pub root: PathBuf,
    pub book: PathBuf,
    pub pages: BTreeMap<PathBuf, Page>,
}

const SUMMARY: &str = "docs/SUMMARY.md";

impl Pages {
    /// What is wrong, by page and line.
    pub fn check(&self) -> Vec<String> {
        let mut findings = Vec::new();
        for (path, page) in &self.pages {
            let shown = path.display();
            if self.is_left_out(path) {
                findings.push(format!("{shown}: {SUMMARY} does not have it"));
            }
            for link in &page.links {
                let wrong = match &link.to {
                    Target::Written(to) => self.wrong(path, to).map(|wrong| format!("{to}: {wrong}")),
                    Target::NoLabel(label) => Some(format!("{label}: there is no such label")),
                    Target::Html => Some("a link in HTML: in Markdown it can be checked".to_owned()),
                };
                findings.extend(wrong.map(|wrong| format!("{shown}:{}: {wrong}", link.line)));
            }
        }
        findings
    }

    /// Whether it is a page of `docs` that is no chapter.
    fn is_left_out(&self, path: &Path) -> bool {
        let chapters = self.pages.get(Path::new(SUMMARY)).into_iter().flat_map(|summary| &summary.links);
        let is_it = |to: &Target| matches!(to, Target::Written(to) if path.strip_prefix("docs").is_ok_and(|path| path == Path::new(to)));
        path.starts_with("docs") && path != Path::new(SUMMARY) && !chapters.into_iter().any(|link| is_it(&link.to))
    }

    fn wrong(&self, from: &Path, to: &str) -> Option<String> {
        if to.contains("://") {
            // Nothing is fetched: that a host answers today says nothing of tomorrow.
            let is_url = to.parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()));
            let is_web = ["http://", "https://"].iter().any(|scheme| to.starts_with(scheme));
            return (!is_url || !is_web).then(|| "is no URL".to_owned());
        }
        let (file, anchor) = to.split_once('#').map_or((to, None), |(file, anchor)| (file, Some(anchor)));
        let path = if file.is_empty() { Some(from.to_owned()) } else { beside(from, file) };
        let Some(path) = path.filter(|path| self.root.join(path).exists()) else {
            return Some("there is no such file".to_owned());
        };
        // The four at the top are read in the repository alone.
        let of_book = from.starts_with("docs");
        if of_book && !path.starts_with("docs") {
            return Some("is not in the book, so that the link leads nowhere there".to_owned());
        }
        if of_book && !self.built(&path).exists() {
            return Some(format!("{} was not built", self.built(&path).display()));
        }
        let anchor = anchor?;
        let shown = path.display();
        let Some(page) = self.pages.get(&path) else { return Some(format!("{shown} is no page with headings")) };
        if !page.anchors.iter().any(|known| known == anchor) {
            return Some(format!("{shown} has no such heading"));
        }
        let html = || std::fs::read_to_string(self.built(&path)).unwrap_or_default();
        let missed = path.starts_with("docs") && !html().contains(&format!("id=\"{anchor}\""));
        missed.then(|| format!("the book's page of {shown} has no such heading"))
    }

    /// What a file of `docs` has become.
    fn built(&self, path: &Path) -> PathBuf {
        let file = self.book.join(path.strip_prefix("docs").unwrap_or(path));
        if path.extension().is_some_and(|extension| extension == "md") { file.with_extension("html") } else { file }
    }
}

/// The path in the repository that a relative link leads to; none where it leads out of it.
fn beside(from: &Path, to: &str) -> Option<PathBuf> {
    let mut path = from.parent()?.to_owned();
    for part in Path::new(to).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir if path.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_beside_its_page_and_not_out_of_the_repository() {
        let from = Path::new("docs/crates/log.md");
        assert_eq!(beside(from, "metrics.md"), Some("docs/crates/metrics.md".into()));
        assert_eq!(beside(from, "../auth.md"), Some("docs/auth.md".into()));
        assert_eq!(beside(from, "../../README.md"), Some("README.md".into()));
        assert_eq!(beside(from, "../../../x"), None);
        assert_eq!(beside(from, "/auth.md"), None);
    }

    fn pages(root: &Path, pages: &[(&str, &str)]) -> Pages {
        let pages = pages.iter().map(|(path, text)| (path.into(), Page::parse(text))).collect();
        Pages { root: root.to_owned(), book: root.join("book"), pages }
    }

    #[test]
    fn a_link_without_its_label_and_one_in_html_are_found() {
        let pages = pages(Path::new("nowhere"), &[("README.md", "[a][b]\n<a href=\"c\">d</a>\n")]);
        let findings =
            ["README.md:1: [b]: there is no such label", "README.md:2: a link in HTML: in Markdown it can be checked"];
        assert_eq!(pages.check(), findings);
    }

    #[test]
    fn a_url_is_one_of_the_web_and_has_a_host() {
        let pages = pages(Path::new("nowhere"), &[]);
        let wrong = |to| pages.wrong(Path::new("README.md"), to);
        assert_eq!(["http://docs.rs/tower", "https://docs.rs"].map(wrong), [None, None]);
        for to in ["ftp://docs.rs/tower", "https:///tower"] {
            assert_eq!(wrong(to).as_deref(), Some("is no URL"), "{to}");
        }
    }

    #[test]
    fn what_the_book_lacks_is_found_though_the_repository_has_it() {
        let root = std::env::temp_dir().join(format!("towerkit-links-{}", std::process::id()));
        for (path, text) in [
            ("docs/one.md", "# One\n"),
            ("docs/one.svg", "<svg/>"),
            ("docs/two.md", "# Two\n"),
            ("book/one.html", "<h1 id=\"two\">"),
        ] {
            let file = root.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let pages = pages(&root, &[("docs/one.md", "# One\n"), ("docs/two.md", "# Two\n")]);
        let wrong = |from: &str, to| pages.wrong(Path::new(from), to).unwrap_or_default();
        assert_eq!(wrong("docs/one.md", "two.md"), format!("{} was not built", root.join("book/two.html").display()));
        assert_eq!(wrong("docs/two.md", "one.md#one"), "the book's page of docs/one.md has no such heading");
        assert_eq!(wrong("README.md", "docs/one.svg#a"), "docs/one.svg is no page with headings");
        assert_eq!(wrong("README.md", "docs/two.md"), "");
        std::fs::remove_dir_all(&root).unwrap();
    }
}
