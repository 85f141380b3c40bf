use http::header::AUTHORIZATION;
use towerkit_endpoint::Metadata;

use crate::Reason;

/// What stands in `authorization` behind a scheme (RFC 9110, section 11.6.2); none where there is none of that scheme.
///
/// The scheme's case does not matter, and one space or more are behind it.
pub(crate) fn of_scheme<'a>(metadata: &'a Metadata, scheme: &str) -> Option<Result<&'a str, Reason>> {
    let mut values = metadata.get_all(AUTHORIZATION);
    let first = values.next()?.as_bytes();
    // A scheme is ASCII, so a space at its length ends it, and all before is text.
    let (name, rest) = first.split_at_checked(scheme.len())?;
    if !name.eq_ignore_ascii_case(scheme.as_bytes()) || rest.first().is_some_and(|byte| *byte != b' ') {
        return None;
    }
    if values.next().is_some() {
        return Some(Err(Reason::Ambiguous("there is more than one authorization field")));
    }
    Some(match std::str::from_utf8(rest) {
        Ok(rest) if rest.trim_matches(' ').is_empty() => {
            Err(Reason::Malformed("there is nothing behind the scheme".into()))
        }
        Ok(rest) => Ok(rest.trim_matches(' ')),
        Err(_) => Err(Reason::Malformed("they are no text".into())),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn read<const N: usize>(fields: [&str; N], scheme: &str) -> Option<Result<String, &'static str>> {
        let mut metadata = Metadata::new();
        for field in fields {
            metadata.append(AUTHORIZATION, http::HeaderValue::from_bytes(field.as_bytes()).unwrap());
        }
        of_scheme(&metadata, scheme).map(|found| found.map(str::to_owned).map_err(|reason| reason.as_str()))
    }

    #[test]
    fn the_case_of_a_scheme_does_not_matter_and_its_spaces_do_not_count() {
        for field in ["Basic abc", "basic abc", "BASIC   abc ", "bAsIc abc"] {
            assert_eq!(read([field], "Basic"), Some(Ok("abc".to_owned())), "{field}");
        }
        assert_eq!(read(["Bearer a b"], "bearer"), Some(Ok("a b".to_owned())));
    }

    #[test]
    fn another_scheme_is_none_and_so_is_one_that_begins_alike() {
        for field in [
            "",
            "Bas",
            "Basics abc",
            "Basicabc",
            "Basic\tabc",
            "Basic,Bearer abc",
            "Bearer abc",
            "é",
            "Bäsic abc",
            "Basié abc",
        ] {
            assert_eq!(read([field], "Basic"), None, "{field}");
        }
        assert_eq!(read([], "Basic"), None);
    }

    #[test]
    fn nothing_behind_the_scheme_is_malformed() {
        for field in ["Basic", "Basic ", "basic    "] {
            assert_eq!(read([field], "Basic"), Some(Err("malformed")), "{field}");
        }
        let mut metadata = Metadata::new();
        metadata.append(AUTHORIZATION, http::HeaderValue::from_bytes(b"Basic \xff").unwrap());
        assert!(matches!(of_scheme(&metadata, "Basic"), Some(Err(Reason::Malformed(_)))), "no text");
    }

    #[test]
    fn more_than_one_field_is_ambiguous_even_where_they_are_alike() {
        assert_eq!(read(["Basic abc", "Basic abc"], "Basic"), Some(Err("ambiguous")));
        assert_eq!(read(["Basic abc", "Bearer abc"], "Basic"), Some(Err("ambiguous")));
        assert_eq!(read(["Bearer abc", "Basic abc"], "Basic"), None, "it is the other's to say so");
    }
}
