use std::time::Duration;

use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL};

/// For how long a reply says that it is good yet: `max-age` of its `cache-control` (RFC 9111, section 5.2.2.1), less
/// its `age`.
///
/// Of several the shortest counts (section 4.2.1), and one that is no number none. What else stands there does not
/// matter: issuers say `no-cache` of keys which change once a month.
pub(super) fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).into_iter().filter_map(|value| value.to_str().ok());
    let ages = values.flat_map(|value| value.split(',')).filter_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        name.trim().eq_ignore_ascii_case("max-age").then_some(value)
    });
    let good_for = ages.filter_map(seconds).min()?;
    let age = headers.get(AGE).and_then(|age| seconds(age.to_str().ok()?)).unwrap_or_default();
    Some(good_for.saturating_sub(age))
}

/// One too large for a number is as good as for ever (section 1.2.2).
fn seconds(text: &str) -> Option<Duration> {
    let digits = text.trim().trim_matches('"');
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(digits.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue};

    fn max_age(fields: &[(&'static str, &'static str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        super::max_age(&headers).map(|age| age.as_secs())
    }

    #[test]
    fn what_a_reply_says_of_its_age_is_read_as_the_rfc_has_it() {
        let control = |value| max_age(&[("cache-control", value)]);
        assert_eq!(control("max-age=60"), Some(60));
        assert_eq!(control("public, Max-Age=\"61\" , must-revalidate"), Some(61));
        assert_eq!(control("s-maxage=5"), None);
        assert_eq!(control("no-cache"), None);
        assert_eq!(control("max-age"), None);
        assert_eq!(control("max-age=-1"), None);
        assert_eq!(control("max-age=1.5"), None);
        assert_eq!(control("max-age=, max-age=7"), Some(7));
        assert_eq!(control("max-age=9, max-age=7, max-age=8"), Some(7));
        assert_eq!(control("max-age=99999999999999999999999999"), Some(u64::MAX));
        assert_eq!(max_age(&[("cache-control", "max-age=9"), ("cache-control", "max-age=4")]), Some(4));
        assert_eq!(max_age(&[]), None);
    }

    #[test]
    fn the_age_that_a_reply_has_already_is_taken_off() {
        assert_eq!(max_age(&[("cache-control", "max-age=60"), ("age", "20")]), Some(40));
        assert_eq!(max_age(&[("cache-control", "max-age=60"), ("age", "61")]), Some(0));
        assert_eq!(max_age(&[("cache-control", "max-age=60"), ("age", "x")]), Some(60));
        assert_eq!(max_age(&[("age", "20")]), None);
        assert_eq!(super::seconds("1"), Some(Duration::from_secs(1)));
    }
}
