//! A reader of logfmt, written from its description (<https://pkg.go.dev/github.com/go-logfmt/logfmt>): strict, so that a line that is not
//! exact fails the test.

use std::iter::Peekable;
use std::str::Chars;

/// The pairs of one line, in their order.
#[track_caller]
pub(crate) fn logfmt(line: &str) -> Vec<(String, String)> {
    let line = line.strip_suffix('\n').unwrap_or_else(|| panic!("a line without an end: {line:?}"));
    assert!(!line.contains(char::is_control), "a line with control characters: {line:?}");
    let mut rest = line.chars().peekable();
    let mut pairs = Vec::new();
    while rest.peek().is_some() {
        if !pairs.is_empty() {
            assert_eq!(rest.next(), Some(' '), "{line:?}");
        }
        let name = until(&mut rest, |c| c == '=' || c == ' ' || c == '"');
        assert!(!name.is_empty(), "a field without a name: {line:?}");
        assert_eq!(rest.next(), Some('='), "{line:?}");
        let value = if rest.next_if_eq(&'"').is_some() { quoted(&mut rest) } else { bare(&mut rest) };
        pairs.push((name, value));
    }
    pairs
}

fn until(rest: &mut Peekable<Chars<'_>>, end: impl Fn(char) -> bool) -> String {
    std::iter::from_fn(|| rest.next_if(|c| !end(*c))).collect()
}

fn bare(rest: &mut Peekable<Chars<'_>>) -> String {
    let value = until(rest, |c| c == ' ');
    assert!(!value.is_empty() && !value.contains(['=', '"', '\\']), "{value:?}");
    value
}

fn quoted(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut value = String::new();
    loop {
        match rest.next().expect("a quote at the end") {
            '"' => return value,
            '\\' => value.push(match rest.next().expect("an escape") {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits: String = rest.by_ref().take(4).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap()
                }
                c @ ('"' | '\\') => c,
                other => panic!("an escape that JSON does not know: {other:?}"),
            }),
            c => value.push(c),
        }
    }
}
