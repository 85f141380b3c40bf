//! What the project's pages consist of: links, headings and blocks of code.

use std::collections::HashMap;

use pulldown_cmark::{BrokenLink, CodeBlockKind, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};

/// A page, read.
#[derive(Debug, Default)]
pub struct Page {
    pub links: Vec<Link>,
    /// Of each heading, what a link to it has after `#`.
    pub anchors: Vec<String>,
    pub blocks: Vec<Block>,
}

/// A link or an image.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    pub line: usize,
    pub to: Target,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// As it is written.
    Written(String),
    /// `[text][label]`, and no such label.
    NoLabel(String),
    /// In HTML, which is not looked into.
    Html,
}

/// A block of code between fences.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    pub line: usize,
    /// What stands behind the fence: `rust`, `no_run`.
    pub words: Vec<String>,
}

impl Block {
    pub fn is(&self, word: &str) -> bool {
        self.words.iter().any(|it| it == word)
    }
}

impl Page {
    pub fn parse(text: &str) -> Self {
        let mut page = Self::default();
        let mut seen = HashMap::new();
        let mut heading: Option<String> = None;
        // A text in brackets may be no link at all; one with a label beside it is meant to be one.
        let unknown = |broken: BrokenLink<'_>| {
            let meant = broken.link_type == LinkType::Reference;
            meant.then(|| (CowStr::from(format!("[{}]", broken.reference)), CowStr::from("")))
        };
        let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
        let parser = Parser::new_with_broken_link_callback(text, options, Some(unknown));
        for (event, range) in parser.into_offset_iter() {
            let line = text[..range.start].matches('\n').count() + 1;
            match event {
                Event::Start(Tag::Link { link_type: LinkType::ReferenceUnknown, dest_url, .. }) => {
                    page.links.push(Link { line, to: Target::NoLabel(dest_url.into_string()) });
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(Link { line, to: Target::Written(dest_url.into_string()) });
                }
                Event::Html(html) | Event::InlineHtml(html) if html.contains("href=") || html.contains("src=") => {
                    page.links.push(Link { line, to: Target::Html });
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let words = info.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
                    page.blocks.push(Block { line, words });
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap_or_default());
                    let before: &mut usize = seen.entry(anchor.clone()).or_default();
                    page.anchors.push(if *before == 0 { anchor } else { format!("{anchor}-{before}") });
                    *before += 1;
                }
                _ => {}
            }
        }
        page
    }
}

/// What browsers of repositories and mdBook make of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(line: usize, to: &str) -> Link {
        Link { line, to: Target::Written(to.to_owned()) }
    }

    #[test]
    fn links_and_images_are_found_with_their_lines_and_those_in_code_are_not() {
        let page = Page::parse(
            "# A\n\nsee [b](b.md#c)\nand ![d](d.svg), `[e](e.md)`\n\n```text\n[f](f.md)\n```\n\n[g][h] [i]\n",
        );
        let h = Link { line: 10, to: Target::NoLabel("[h]".to_owned()) };
        assert_eq!(page.links, [written(3, "b.md#c"), written(4, "d.svg"), h]);
        let labelled = Page::parse("[g][h]\n\n[h]: h.md\n");
        assert_eq!(labelled.links, [written(1, "h.md")]);
        for html in ["<a href=\"b.html\">b</a>\n", "<img src=\"b.png\">\n"] {
            assert_eq!(Page::parse(html).links[0].to, Target::Html, "{html}");
        }
    }

    #[test]
    fn a_heading_has_the_anchor_that_a_repository_browser_gives_it() {
        let page = Page::parse(
            "# What is *lost*, and how\n## `serve`'s limits\n## Twice\n## Twice\n## A max-age of `max_age`\n",
        );
        assert_eq!(page.anchors, ["what-is-lost-and-how", "serves-limits", "twice", "twice-1", "a-max-age-of-max_age"]);
    }

    #[test]
    fn a_block_tells_its_words() {
        let page = Page::parse("a\n\n```rust,no_run\nfn a() {}\n```\n");
        assert_eq!(page.blocks, [Block { line: 3, words: vec!["rust".to_owned(), "no_run".to_owned()] }]);
        assert!(page.blocks[0].is("rust") && !page.blocks[0].is("ignore"));
        assert_eq!(Page::parse("```rust ignore\n```\n").blocks[0].words, ["rust", "ignore"]);
    }
}
