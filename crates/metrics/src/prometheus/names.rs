//! Names and text as the exposition formats allow them.

/// A metric's name: `[a-zA-Z_:][a-zA-Z0-9_:]*`. What may not stand in it becomes `_`.
pub(super) fn metric_name(name: &str) -> String {
    legal(name, |c| c == ':')
}

/// A label's name: `[a-zA-Z_][a-zA-Z0-9_]*`, where two `_` at the begin are Prometheus's own.
pub(super) fn label_name(name: &str) -> String {
    let name = legal(name, |_| false);
    if name.starts_with("__") { format!("_{}", name.trim_start_matches('_')) } else { name }
}

fn legal(name: &str, also: impl Fn(char) -> bool) -> String {
    let mut legal = String::with_capacity(name.len() + 1);
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        legal.push('_');
    }
    legal.extend(name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || also(c) { c } else { '_' }));
    legal
}

/// The value of a label, and a description for OpenMetrics: `\`, `"` and the end of a line have escapes.
pub(super) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '"' => out.push_str(r#"\""#),
            '\n' => out.push_str(r"\n"),
            c => out.push(c),
        }
    }
}

/// A description for the text format 0.0.4: there `"` is as it is.
pub(super) fn escape_help(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '\n' => out.push_str(r"\n"),
            c => out.push(c),
        }
    }
}
