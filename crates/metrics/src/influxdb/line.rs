//! The line protocol: <https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/>.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::Key;

/// The longest measurement with its tags that a server takes: `MaxKeyLength` of its code, with what it writes between them and a field, and the
/// longest field of ours.
const LONGEST_KEY: usize = 65_535 - "#!~#".len() - "count".len();

/// Names of tags that mean something else to a server, which throws points away that have them.
const RESERVED: [&str; 3] = ["time", "_field", "_measurement"];

/// How exact the time of a point is. Two flushes within the same unit overwrite each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// What a server expects unless it is told.
    #[default]
    Nanoseconds,
    /// A millionth of a second.
    Microseconds,
    /// A thousandth of a second.
    Milliseconds,
    /// Points take the least room on the server's disk.
    Seconds,
}

impl Precision {
    /// A time since 1970, in this unit.
    pub(super) fn of(self, time: SystemTime) -> u128 {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        match self {
            Self::Nanoseconds => since.as_nanos(),
            Self::Microseconds => since.as_micros(),
            Self::Milliseconds => since.as_millis(),
            Self::Seconds => since.as_secs().into(),
        }
    }

    /// The parameter of a request to version 1; none for what is expected anyway.
    pub(super) const fn v1(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Microseconds => Some(("precision", "u")),
            _ => self.v2(),
        }
    }

    /// That of version 2.
    pub(super) const fn v2(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Nanoseconds => None,
            Self::Microseconds => Some(("precision", "us")),
            Self::Milliseconds => Some(("precision", "ms")),
            Self::Seconds => Some(("precision", "s")),
        }
    }
}

/// A field's value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    Integer(u64),
    Float(f64),
}

/// Writes a line, without its end. What can't be said leaves none: a name without a letter, a value that is no number, a key that is too long.
/// Constant tags are such as [`tag`] gives; a label takes the place of one with its name.
pub(super) fn write(line: &mut String, key: &Key, constant: &[(String, String)], fields: &[(&str, Field)], time: u128) {
    if try_write(line, key, constant, fields, time).is_none() {
        line.clear();
    }
}

fn try_write(
    line: &mut String,
    key: &Key,
    constant: &[(String, String)],
    fields: &[(&str, Field)],
    time: u128,
) -> Option<()> {
    if key.name().is_empty() {
        return None;
    }
    // What begins with it is a comment.
    let (first, name) = match key.name().strip_prefix('#') {
        Some(rest) => ("_", rest),
        None => ("", key.name()),
    };
    line.push_str(first);
    escape(name, &[',', ' '], line);

    let mut tags: Vec<_> = key.labels().filter_map(|label| tag(label.key(), label.value())).collect();
    tags.extend(constant.iter().cloned());
    tags.sort_by(|(one, _), (other, _)| one.cmp(other));
    tags.dedup_by(|(next, _), (kept, _)| next == kept);
    for (name, value) in &tags {
        let _ = write!(line, ",{name}={value}");
    }
    if line.len() > LONGEST_KEY {
        return None;
    }

    for (at, (name, value)) in fields.iter().enumerate() {
        line.push(if at == 0 { ' ' } else { ',' });
        line.push_str(name);
        let _ = match *value {
            // An integer of the protocol has a sign.
            Field::Integer(value) => write!(line, "={}i", value.min(i64::MAX as u64)),
            Field::Float(value) if value.is_finite() => write!(line, "={value:?}"),
            Field::Float(_) => return None,
        };
    }
    let _ = write!(line, " {time}");
    Some(())
}

/// A tag as it is written. One without a name or a value has no form, and means the same as none.
pub(super) fn tag(name: &str, value: &str) -> Option<(String, String)> {
    if name.is_empty() || value.is_empty() {
        return None;
    }
    let special = &[',', '=', ' '];
    let (mut written, mut said) = (String::new(), String::new());
    escape(name, special, &mut written);
    escape(value, special, &mut said);
    if RESERVED.contains(&name) {
        written.push('_');
    }
    Some((written, said))
}

/// Writes text with a backslash before what is special.
///
/// A line ends at a newline wherever it stands, and a backslash can't be escaped: one at the end, or before what is special anywhere, may take
/// that with it. Control characters and such backslashes become `_`.
fn escape(text: &str, special: &[char], into: &mut String) {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let takes_next = character == '\\' && characters.peek().is_none_or(|next| r#"\,= ""#.contains(*next));
        if character.is_control() || takes_next {
            into.push('_');
        } else {
            if special.contains(&character) {
                into.push('\\');
            }
            into.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use metrics::Label;

    use super::*;

    fn line(name: &str, labels: &[(&str, &str)], fields: &[(&str, Field)]) -> String {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| Label::new(name.to_string(), value.to_string())).collect();
        let mut line = String::new();
        write(&mut line, &Key::from_parts(name.to_owned(), labels), &[], fields, 7);
        line
    }

    fn named(name: &str, labels: &[(&str, &str)]) -> String {
        line(name, labels, &[("value", Field::Float(1.0))])
    }

    #[test]
    fn tags_are_sorted_and_said_once() {
        assert_eq!(named("a", &[("z", "1"), ("b", "2"), ("z", "3")]), "a,b=2,z=1 value=1.0 7");
        let mut line = String::new();
        let key = Key::from_parts("a", vec![Label::new("zone", "of the label")]);
        let constant: Vec<_> = [("zone", "constant"), ("host", "h")].iter().filter_map(|(n, v)| tag(n, v)).collect();
        write(&mut line, &key, &constant, &[("count", Field::Integer(3))], 7);
        assert_eq!(line, "a,host=h,zone=of\\ the\\ label count=3i 7");
    }

    #[test]
    fn what_is_special_is_escaped_where_it_is() {
        assert_eq!(
            named("a b,c=d\"e", &[("k=1, x", "v=1, \"x\"")]),
            "a\\ b\\,c=d\"e,k\\=1\\,\\ x=v\\=1\\,\\ \"x\" value=1.0 7"
        );
    }

    #[test]
    fn no_text_ends_a_line_or_takes_the_next_character_with_it() {
        assert_eq!(named("a\nb 1=1\r", &[("k\n", "v\0\t")]), "a_b\\ 1=1_,k_=v__ value=1.0 7");
        assert_eq!(named("a\\", &[("k\\", "v\\\\"), ("l", "\\,\\x\\\"")]), "a_,k_=v__,l=_\\,\\x_\" value=1.0 7");
    }

    #[test]
    fn what_a_server_would_not_read_as_it_is_meant_is_written_otherwise() {
        assert_eq!(
            named("#a", &[("time", "1"), ("_field", "2"), ("", "3"), ("empty", "")]),
            "_a,_field_=2,time_=1 value=1.0 7"
        );
    }

    #[test]
    fn what_has_no_form_is_left_out_whole() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(line("a", &[], &[("count", Field::Integer(1)), ("sum", Field::Float(value))]), "");
        }
        assert_eq!(line("", &[], &[("count", Field::Integer(1))]), "");
        let long = "x".repeat(LONGEST_KEY);
        assert_eq!(line(&long, &[], &[("count", Field::Integer(1))]).len(), LONGEST_KEY + " count=1i 7".len());
        assert_eq!(line(&long, &[("a", "b")], &[("count", Field::Integer(1))]), "");
    }

    #[test]
    fn numbers_are_exact() {
        let said = |value| line("a", &[], &[("value", value)]);
        assert_eq!(said(Field::Float(0.1)), "a value=0.1 7");
        assert_eq!(said(Field::Float(-1e300)), "a value=-1e300 7");
        assert_eq!(said(Field::Float(5e-324)), "a value=5e-324 7");
        assert_eq!(said(Field::Integer(u64::MAX)), "a value=9223372036854775807i 7");
    }

    #[test]
    fn a_time_is_told_in_its_precision() {
        let time = UNIX_EPOCH + Duration::new(5, 123_456_789);
        let units = [Precision::Nanoseconds, Precision::Microseconds, Precision::Milliseconds, Precision::Seconds];
        assert_eq!(units.map(|precision| precision.of(time)), [5_123_456_789, 5_123_456, 5_123, 5]);
    }
}
