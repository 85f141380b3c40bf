use std::fmt;

use http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use towerkit_endpoint::Error;

/// All but what RFC 3986, section 2.3, calls unreserved: a value never ends its segment, or the path.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const ESCAPED_BUT_SLASH: &AsciiSet = &ESCAPED.remove(b'/');

/// A path with `{name}` for one segment or a part of one, and `{*name}` for a value that keeps its slashes.
pub(super) struct Template {
    text: String,
    pieces: Vec<Piece>,
    names: Vec<String>,
}

enum Piece {
    Literal(String),
    // An index of `names`.
    Value { name: usize, keeps_slashes: bool },
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut template = Self { text: text.to_owned(), pieces: Vec::new(), names: Vec::new() };
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("a { is not closed")?;
            template.literal(literal)?;
            template.value(name)?;
            rest = after;
        }
        template.literal(rest)?;
        if !text.starts_with('/') {
            return Err("it does not begin with a slash");
        }
        if has_dot_segment(text) {
            return Err("a segment is . or ..");
        }
        Ok(template)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn literal(&mut self, text: &str) -> Result<(), &'static str> {
        if text.contains(['{', '}', '?', '#']) {
            return Err("a }, ? or # stands alone");
        }
        // The slash is for the parser: a literal need not begin with one.
        if PathAndQuery::try_from(format!("/{text}")).is_err() {
            return Err("a character must be percent-encoded");
        }
        if !text.is_empty() {
            self.pieces.push(Piece::Literal(text.to_owned()));
        }
        Ok(())
    }

    fn value(&mut self, name: &str) -> Result<(), &'static str> {
        let (name, keeps_slashes) = name.strip_prefix('*').map_or((name, false), |name| (name, true));
        if name.is_empty() || name.contains(['{', '*', '/']) {
            return Err("a name is empty, or holds {, * or /");
        }
        if self.index(name).is_some() {
            return Err("a name stands twice");
        }
        self.pieces.push(Piece::Value { name: self.names.len(), keeps_slashes });
        self.names.push(name.to_owned());
        Ok(())
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// The path, with the values, in the order of the names, percent-encoded.
    pub(super) fn fill(&self, values: &[Option<String>]) -> Result<String, Error> {
        let mut path = String::with_capacity(self.text.len() + 16);
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => path.push_str(text),
                Piece::Value { name, keeps_slashes } => {
                    let known = &self.names[*name];
                    let Some(value) = values.get(*name).and_then(Option::as_deref) else {
                        return Err(Error::internal(format!("nothing gives {{{known}}} of {} a value", self.text)));
                    };
                    if value.is_empty() {
                        // It would be another path.
                        return Err(Error::invalid(known.clone(), "is empty"));
                    }
                    path.extend(utf8_percent_encode(value, if *keeps_slashes { ESCAPED_BUT_SLASH } else { ESCAPED }));
                }
            }
        }
        // Dots can't be escaped: `%2e%2e` goes up as well as `..` does (RFC 3986, section 6.2.2.2).
        if !self.names.is_empty() && has_dot_segment(&path) {
            return Err(Error::invalid(self.names.join(", "), "can't make a path segment of . or .."));
        }
        Ok(path)
    }
}

fn has_dot_segment(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}
