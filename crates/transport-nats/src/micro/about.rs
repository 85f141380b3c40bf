use std::collections::BTreeMap;
use std::sync::Arc;

/// What a service says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceAbout {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// What an endpoint says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct EndpointAbout {
    /// Empty where none was given.
    pub(crate) name: String,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl EndpointAbout {
    /// With the name that it has without one of its own.
    pub(crate) fn at(&self, subject: &str) -> Arc<Self> {
        let mut about = self.clone();
        if about.name.is_empty() {
            about.name = endpoint_name(subject);
        }
        Arc::new(about)
    }
}

/// Whether a service or an endpoint may be called so: letters, digits, `-` and `_` (ADR-32).
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The name of a subject's endpoint: its tokens without the wildcards, `orders.*.created` is `orders_created`.
pub(crate) fn endpoint_name(subject: &str) -> String {
    let tokens: Vec<_> = subject.split('.').filter(|token| !matches!(*token, "*" | ">")).collect();
    if tokens.is_empty() {
        return "all".to_owned();
    }
    let allowed = |letter: char| if is_name(letter.encode_utf8(&mut [0; 4])) { letter } else { '_' };
    tokens.join("_").chars().map(allowed).collect()
}

/// Whether a text is a version (Semantic Versioning 2.0.0, section 2, 9 and 10).
pub(crate) fn is_version(text: &str) -> bool {
    let (text, build) = split(text, '+');
    let (core, before) = split(text, '-');
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        // A number that stands alone in a pre-release has no leading zeros.
        && before.is_none_or(|ids| ids.split('.').all(|id| is_id(id) && (!is_digits(id) || is_number(id))))
        && build.is_none_or(|ids| ids.split('.').all(is_id))
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(text, rest)| (text, Some(rest)))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && is_digits(text) && (text == "0" || !text.starts_with('0'))
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_what_is_none() {
        for good in [
            "0.0.0",
            "1.2.3",
            "10.20.30",
            "1.0.0-alpha.1",
            "1.0.0-0A.is.legal",
            "1.0.0+20130313144700",
            "1.0.0--",
            "1.0.0-a-b+c.00-d",
        ] {
            assert!(is_version(good), "{good}");
        }
        for bad in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "v1.2.3",
            "01.2.3",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3-a..b",
            "1.2.3+",
            "1.2.3+a+b",
            "1.2.3 ",
            "1.2.-3",
            "1.2.x",
        ] {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn the_name_of_an_endpoint_is_its_subjects_without_the_wildcards() {
        for (subject, name) in [
            ("add.sum", "add_sum"),
            ("orders.*.created", "orders_created"),
            (">", "all"),
            ("*.*", "all"),
            ("a$b.ü", "a_b__"),
            ("logs.>", "logs"),
        ] {
            assert_eq!(endpoint_name(subject), name, "{subject}");
            assert!(is_name(&endpoint_name(subject)));
        }
    }
}
