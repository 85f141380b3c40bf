//! How many lines it takes: what the examples promise in README.md, beside Go kit's for the same.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Something that is written by hand for each service.
struct Piece {
    what: &'static str,
    /// A file, or a folder with all files of Rust below it.
    path: &'static str,
    /// The block of a page of the guide, by its first line; a whole file else.
    block: Option<&'static str>,
    most: usize,
    /// Lines of Go kit's own example for it, counted alike.
    go_kit: usize,
}

const fn file(what: &'static str, path: &'static str, most: usize, go_kit: usize) -> Piece {
    Piece { what, path, block: None, most, go_kit }
}

const PIECES: [Piece; 8] = [
    file("stringsvc1: two endpoints on HTTP", "examples/stringsvc1/src/main.rs", 40, 89),
    file("greeter: HTTP, gRPC, health, registry, logs, metrics, client", "examples/greeter/src/main.rs", 80, 401),
    file("addsvc over HTTP, server and client", "examples/addsvc/src/transport/http.rs", 30, 173),
    file("addsvc over gRPC, server and client", "examples/addsvc/src/transport/grpc.rs", 30, 153),
    file("addsvc over JSON-RPC, server and client", "examples/addsvc/src/transport/json_rpc.rs", 30, 179),
    file("addsvc's `main`, with all of its flags", "examples/addsvc/src/main.rs", 120, 255),
    file("profilesvc: nine routes, with its client", "examples/profilesvc/src", 350, 970),
    Piece {
        what: "two middlewares: a log line, and the time taken",
        path: "docs/writing-a-layer.md",
        block: Some("// two middlewares"),
        most: 12,
        go_kit: 29,
    },
];

pub fn run() -> Result<bool> {
    let mut good = true;
    for (piece, lines) in counted(&workspace::root())? {
        println!("{}", row(piece, lines));
        if lines > piece.most {
            println!("  at most {} are allowed", piece.most);
            good = false;
        }
    }
    Ok(good)
}

/// What is longer than it may be, and what README.md says wrong of it.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let readme = fs::read_to_string(root.join("README.md"))?;
    Ok(counted(root)?.into_iter().flat_map(|(piece, lines)| findings(piece, lines, &readme)).collect())
}

fn findings(piece: &Piece, lines: usize, readme: &str) -> Vec<String> {
    let Piece { path, most, .. } = piece;
    let long = (lines > *most).then(|| format!("{path}: {lines} lines, and at most {most} are allowed"));
    let row = row(piece, lines);
    let untold = (!readme.lines().any(|line| line == row)).then(|| format!("README.md: no line {row}"));
    long.into_iter().chain(untold).collect()
}

fn row(Piece { what, path, go_kit, .. }: &Piece, lines: usize) -> String {
    format!("| [{what}]({path}) | {lines} | {go_kit} |")
}

fn counted(root: &Path) -> Result<Vec<(&'static Piece, usize)>> {
    PIECES.iter().map(|piece| Ok((piece, lines_of(root, piece).with_context(|| piece.path)?))).collect()
}

fn lines_of(root: &Path, piece: &Piece) -> Result<usize> {
    let path = root.join(piece.path);
    if let Some(first) = piece.block {
        let page = fs::read_to_string(path)?;
        return block(&page, first)
            .map(|block| count(&block))
            .with_context(|| format!("no block that begins with {first}"));
    }
    if path.is_file() {
        return Ok(count(&fs::read_to_string(path)?));
    }
    let files = workspace::rust_files(piece.path)?;
    if files.is_empty() {
        bail!("there is no file of Rust");
    }
    files.iter().map(|file| Ok(count(&fs::read_to_string(root.join(file))?))).sum()
}

/// Lines that are neither blank nor a comment.
fn count(text: &str) -> usize {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

/// The lines of a page after one and to the end of its block, without those that the page hides.
fn block(page: &str, first: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("\n{first}\n"))?;
    let hidden = |line: &&str| line.trim() == "#" || line.trim_start().starts_with("# ");
    let shown: Vec<_> = rest.split("\n```").next()?.lines().filter(|line| !hidden(line)).collect();
    Some(shown.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: Piece = file("a server", "a.rs", 2, 9);

    #[test]
    fn blank_lines_and_comments_do_not_count() {
        assert_eq!(count("//! Docs.\n\nfn main() {\n    // why\n    go(); // how\n}\n"), 3);
    }

    #[test]
    fn a_block_begins_after_its_line_and_ends_with_its_fence() {
        let page = "```rust\nuse a::b;\n// two\nfn a() {}\n\nfn b() {}\n```\nwords\n```\n";
        assert_eq!(block(page, "// two").map(|block| count(&block)), Some(2));
        assert_eq!(block(page, "// three"), None);
    }

    #[test]
    fn a_line_that_the_page_hides_does_not_count() {
        let page = "```rust\n// two\n#[derive(Debug)]\nstruct A;\n# fn main() {\n#\n    # }\n```\n";
        assert_eq!(block(page, "// two").map(|block| count(&block)), Some(2));
    }

    #[test]
    fn what_is_too_long_is_found() {
        assert_eq!(findings(&PIECE, 3, "| [a server](a.rs) | 3 | 9 |\n").len(), 1);
    }

    #[test]
    fn what_the_readme_says_wrong_is_found() {
        assert!(findings(&PIECE, 2, "| [a server](a.rs) | 2 | 9 |\n").is_empty());
        assert_eq!(findings(&PIECE, 2, "| [a server](a.rs) | 1 | 9 |\n").len(), 1);
        assert_eq!(findings(&PIECE, 2, "| [a server](a.rs) | 2 | 9 | much |\n").len(), 1);
    }
}
