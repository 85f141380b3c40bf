//! What CloudWatch takes as a name: one that it refuses takes a whole request with it.

use metrics::Key;

/// The most dimensions of a metric.
const DIMENSIONS: usize = 30;
const LONGEST_NAME: usize = 255;
const LONGEST_VALUE: usize = 1024;

/// The name of a metric.
pub(super) fn metric(name: &str) -> Option<String> {
    clean(name, LONGEST_NAME)
}

/// A dimension's name and value; none where either has nothing to show.
pub(super) fn dimension(name: &str, value: &str) -> Option<(String, String)> {
    let mut name = clean(name, LONGEST_NAME)?;
    if name.starts_with(':') {
        name.replace_range(..1, "_");
    }
    Some((name, clean(value, LONGEST_VALUE)?))
}

/// The dimensions of a series, each name once, sorted: its labels, and the constant ones that it does not have. None where there are more
/// than 30: to leave one out would mix the series with others.
pub(super) fn dimensions(key: &Key, constant: &[(String, String)]) -> Option<Vec<(String, String)>> {
    let mut all: Vec<_> = key.labels().filter_map(|label| dimension(label.key(), label.value())).collect();
    all.extend(constant.iter().cloned());
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all.dedup_by(|(next, _), (kept, _)| next == kept);
    (all.len() <= DIMENSIONS).then_some(all)
}

/// Whether it is a namespace that one may write to.
pub(super) fn is_namespace(name: &str) -> bool {
    let visible = name.bytes().any(|byte| byte.is_ascii_graphic());
    let allowed = name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_control());
    visible && allowed && name.len() <= LONGEST_NAME && !name.starts_with(':') && !name.starts_with("AWS/")
}

/// Printable ASCII, `_` in place of each other character, and cut where it is too long; none where there is nothing to see.
fn clean(text: &str, longest: usize) -> Option<String> {
    let printable = |character: char| if matches!(character, ' '..='~') { character } else { '_' };
    let text: String = text.chars().take(longest).map(printable).collect();
    text.contains(|character| character != ' ').then_some(text)
}

#[cfg(test)]
mod tests {
    use metrics::Label;

    use super::*;

    #[test]
    fn names_are_printable_ascii_of_a_length() {
        assert_eq!(metric("a b/ü\n").as_deref(), Some("a b/__"));
        assert_eq!(metric(" "), None);
        assert_eq!(metric(&"ü".repeat(300)).map(|name| name.len()), Some(LONGEST_NAME));
        assert_eq!(dimension(":a", "\u{7f}"), Some(("_a".into(), "_".into())));
        assert_eq!(dimension("a", ""), None);
        assert_eq!(dimension("a", &"x".repeat(2000)).map(|(_, value)| value.len()), Some(LONGEST_VALUE));
    }

    #[test]
    fn there_are_no_more_dimensions_than_allowed() {
        let key = |count| {
            let label = |number: usize| Label::new(format!("label {number:02}"), "x");
            Key::from_parts("a", (0..count).map(label).collect::<Vec<_>>())
        };
        assert_eq!(dimensions(&key(30), &[]).map(|all| all.len()), Some(30));
        assert_eq!(dimensions(&key(31), &[]), None);
        let constant = [("label 00".to_owned(), "constant".to_owned()), ("one more".to_owned(), "x".to_owned())];
        let all = dimensions(&key(29), &constant).unwrap_or_default();
        assert_eq!((all.len(), all[0].1.as_str()), (30, "x"));
        assert_eq!(dimensions(&key(30), &constant), None);
    }

    #[test]
    fn a_namespace_is_ones_own() {
        assert!(is_namespace("Shop/Addsvc"));
        for name in ["", " ", ":a", "AWS/EC2", "ü", "a\n", &"x".repeat(256)] {
            assert!(!is_namespace(name), "{name:?}");
        }
    }
}
