use std::fs;
use std::path::Path;

/// What may be named anywhere: the standard library, and the types that are part of the language.
const STANDARD: [&str; 12] = ["std", "core", "alloc", "str", "char", "bool", "u8", "u32", "u64", "usize", "i64", "f64"];

/// Modules of this crate that the use cases may know.
const INNER: [&str; 2] = ["domain", "inspection"];

/// Every file below a folder or of a name, with its text.
fn sources(path: &Path) -> Vec<(String, String)> {
    if path.is_file() {
        return vec![(path.display().to_string(), fs::read_to_string(path).unwrap())];
    }
    fs::read_dir(path).unwrap().flat_map(|entry| sources(&entry.unwrap().path())).collect()
}

/// Words and signs, without comments, texts and the tests, which stand last. `::` is one.
fn tokens(text: &str) -> Vec<String> {
    let code = text.split("\n#[cfg(test)]\nmod tests {\n").next().unwrap_or_default();
    let mut tokens = Vec::new();
    for line in code.lines() {
        let line = line.split("//").next().unwrap_or_default();
        // Every other piece is what stands between quotation marks.
        for piece in line.split('"').step_by(2) {
            let mut rest = piece.trim_start();
            while let Some(first) = rest.chars().next() {
                let is_word = |sign: char| sign.is_alphanumeric() || sign == '_' || sign == '#';
                let word = rest.find(|sign| !is_word(sign)).unwrap_or(rest.len());
                let length = if rest.starts_with("::") { 2 } else { word.max(first.len_utf8()) };
                let (token, more) = rest.split_at(length);
                tokens.push(token.to_owned());
                rest = more.trim_start();
            }
        }
    }
    tokens
}

/// The paths that lead out of what is allowed: each that begins with neither the standard library, nor a module of the
/// domain, nor what is in the file by an import that is allowed itself. `beside` are the modules that `super` may lead
/// to.
fn leaks(text: &str, beside: &[&str]) -> Vec<String> {
    let tokens = tokens(text);
    let at = |place: usize| tokens.get(place).map_or("", String::as_str);
    let before = |place: usize, back: usize| place.checked_sub(back).map_or("", at);
    let is_name = |token: &str| token.starts_with(|sign: char| sign.is_alphabetic() || sign == '_');
    let mut imported = Vec::new();
    for (start, _) in tokens.iter().enumerate().filter(|(_, token)| *token == "use") {
        for place in (start..tokens.len()).take_while(|place| at(*place) != ";") {
            let ends = [",", "}", ";"].contains(&at(place + 1));
            // `self` stands for the module before the group.
            imported.push(if ends && at(place) == "self" {
                before(place, 3)
            } else if ends {
                at(place)
            } else {
                ""
            });
        }
    }
    let mut leaks = Vec::new();
    for place in 0..tokens.len() {
        let (root, next, last) = (at(place), at(place + 2), before(place, 1));
        let is_path = is_name(root) && at(place + 1) == "::" && !["::", "."].contains(&last);
        let is_allowed = match root {
            "crate" => INNER.contains(&next),
            "super" => beside.contains(&next),
            _ if last == "use" => STANDARD.contains(&root),
            _ => STANDARD.contains(&root) || root.starts_with(char::is_uppercase) || imported.contains(&root),
        };
        let is_whole_crate = root == "extern" || (last == "use" && is_name(root) && at(place + 1) != "::");
        // `::` after neither a name nor a type.
        let ends_a_type = last == ">" && before(place, 2) != "-";
        let is_absolute = root == "::" && (last == "use" || !(is_name(last) || ends_a_type));
        if (is_path && !is_allowed) || is_whole_crate || is_absolute {
            leaks.push([root, at(place + 1), next].concat());
        }
    }
    leaks
}

#[test]
fn the_domain_and_the_use_cases_know_no_crate_but_the_standard_library() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let domain = sources(&src.join("domain"));
    let modules: Vec<_> = domain.iter().filter_map(|(path, _)| Path::new(path).file_stem()?.to_str()).collect();
    assert!(modules.len() >= 10, "{modules:?}");
    for (path, text) in &domain {
        assert_eq!(leaks(text, &modules), [""; 0], "{path}");
    }
    for path in ["booking/service.rs", "handling/service.rs", "inspection.rs"] {
        let text = fs::read_to_string(src.join(path)).unwrap();
        assert_eq!(leaks(&text, &[]), [""; 0], "{path}");
    }
}

#[test]
fn a_path_that_leads_out_of_the_domain_is_found_however_it_is_written() {
    for leak in [
        "use towerkit::endpoint::Error;",
        "    use tokio::net;",
        "pub(crate) use serde::Serialize;",
        "use tracing;",
        "use ::http::Method;",
        "extern crate serde;",
        "fn f() { tracing::info!(\"it\"); }",
        "fn f() -> ::http::Method {}",
        "type T = Vec<http::Method>;",
        "use super::super::wire;",
        "fn f() { super::super::wire::rfc3339(at) }",
        "use super::stack::Stack;",
        "use super::{cargo, super::wire};",
        "use crate::wire;",
        "use crate::{domain::cargo, wire};",
        "fn f() { crate::stack::Stack::new() }",
        "use std::fmt; fn f() { serde_json::to_string(fmt::Error) }",
        "/* it */ fn f() { serde::de() } // use std::fmt;",
    ] {
        assert!(!leaks(leak, &["cargo"]).is_empty(), "{leak}");
    }
    let inside = "use std::{fmt, str};\nuse super::cargo::{self, Cargo};\nuse crate::domain::cargo;\n// http::Method\n\
        fn f(a: fmt::Error) -> Vec<cargo::Cargo> { Cargo::new(\"http::Method\"); it.collect::<Vec<_>>(); Self::f() }";
    assert_eq!(leaks(inside, &["cargo"]), [""; 0]);
}
