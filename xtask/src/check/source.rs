//! Rust files, parsed, so that comments and strings don't count.

use std::path::Path;

use anyhow::{Context, Result};

use crate::workspace;

pub struct Source {
    pub path: String,
    pub file: syn::File,
}

impl Source {
    pub fn parse(path: &str, text: &str) -> Result<Self> {
        let file = syn::parse_file(text).with_context(|| format!("{path} can't be parsed"))?;
        Ok(Self { path: path.to_owned(), file })
    }
}

/// What is compiled into a library: the files in the `src` folders under a folder.
pub fn read(root: &Path, under: &str) -> Result<Vec<Source>> {
    let files = workspace::rust_files(under)?;
    let in_src = files.iter().filter(|path| path.components().any(|part| part.as_os_str() == "src"));
    in_src
        .filter(|path| root.join(path).exists())
        .map(|path| Source::parse(&path.to_string_lossy(), &std::fs::read_to_string(root.join(path))?))
        .collect()
}

/// Whether an item is compiled for tests only.
pub fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}
