//! Texts of others, before they are passed on.

/// What came from outside is repeated in part only.
pub(crate) fn shorten(text: &str) -> String {
    const MOST: usize = 200;
    cut(text, MOST)
}

/// At most so many bytes of a text, and a sign where something is missing.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", &text[..end])
}
