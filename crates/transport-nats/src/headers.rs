//! Between the headers of NATS and metadata.

use async_nats::header as nats;
use http::{HeaderMap, HeaderName, HeaderValue};
use towerkit_endpoint::{Code, Error, Metadata};

/// The most headers that a message may have.
const MOST: usize = 100;

/// Names that most messages have, if they have headers at all: known beforehand they cost no allocation.
const KNOWN: [&str; 5] = ["towerkit-timeout", "traceparent", "tracestate", "content-type", "authorization"];

/// Names of NATS' own that are not written with one capital a word.
const ODD: [(&str, &str); 2] = [("nats-ttl", "Nats-TTL"), ("nats-schedule-ttl", "Nats-Schedule-TTL")];

/// What came: names in lower case. What metadata can't hold is left out.
pub(crate) fn read(headers: &async_nats::HeaderMap, limit: usize) -> Result<Metadata, Error> {
    let lines = headers.iter().map(|(name, values)| -> Line<'_> { (name.as_ref(), values) });
    // They come in the order of a hash. Names that differ by case alone become one, whose first value is to be the same each time.
    if headers.len() <= MOST && lines.clone().any(|(name, _)| name.bytes().any(|letter| letter.is_ascii_uppercase())) {
        let mut lines: Vec<_> = lines.collect();
        lines.sort_unstable_by_key(|(name, _)| *name);
        read_lines(lines.into_iter(), limit)
    } else {
        read_lines(lines, limit)
    }
}

type Line<'a> = (&'a str, &'a Vec<nats::HeaderValue>);

fn read_lines<'a>(lines: impl Iterator<Item = Line<'a>>, limit: usize) -> Result<Metadata, Error> {
    let (mut bytes, mut count) = (0_usize, 0_usize);
    let mut read = HeaderMap::new();
    for (name, values) in lines {
        let mut known = None;
        for value in values {
            let value = value.as_str();
            bytes = bytes.saturating_add(name.len()).saturating_add(value.len());
            count += 1;
            if bytes > limit || count > MOST {
                let message = format!("the headers are more than {MOST}, or longer than {limit} bytes");
                return Err(Error::new(Code::ResourceExhausted, message));
            }
            let Some(name) = known.get_or_insert_with(|| metadata_name(name)) else { continue };
            let value = match HeaderValue::from_str(value) {
                Ok(value) => value,
                // A failure stays one, whatever its text.
                Err(_) if name.as_str().starts_with("nats-service-error") => printable(value),
                Err(_) => continue,
            };
            // It is full at 32 768 names, which the limit does not let come.
            let _ = read.try_append(name.clone(), value);
        }
    }
    Ok(read.into())
}

/// A text without what a value may not have.
fn printable(text: &str) -> HeaderValue {
    let text = text.replace(|letter: char| letter.is_ascii_control(), " ");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The name in lower case; none where it is no token (RFC 9110, section 5.6.2).
fn metadata_name(name: &str) -> Option<HeaderName> {
    match KNOWN.iter().find(|known| **known == name) {
        Some(known) => Some(HeaderName::from_static(known)),
        None => HeaderName::from_bytes(name.as_bytes()).ok(),
    }
}

/// What goes out; none where there are no headers.
pub(crate) fn write(metadata: &Metadata) -> Result<Option<async_nats::HeaderMap>, Error> {
    if metadata.is_empty() {
        return Ok(None);
    }
    let mut written = async_nats::HeaderMap::new();
    for (name, value) in metadata.iter() {
        let text = std::str::from_utf8(value.as_bytes())
            .map_err(|error| Error::invalid(name.as_str().to_owned(), "is not UTF-8").with_source(error))?;
        // Metadata hold no line ends, and would be refused here else.
        let value = text.parse::<nats::HeaderValue>().map_err(Error::internal)?;
        written.append(wire_name(name)?, value);
    }
    Ok(Some(written))
}

/// Lower case, as everywhere, but for the names of NATS itself: its headers are told apart by case.
fn wire_name(name: &HeaderName) -> Result<nats::HeaderName, Error> {
    let text = name.as_str();
    if let Some(known) = KNOWN.iter().find(|known| **known == text) {
        return Ok(nats::HeaderName::from_static(known));
    }
    if !text.starts_with("nats-") {
        return text.parse().map_err(Error::internal);
    }
    if let Some((_, odd)) = ODD.iter().find(|(lower, _)| *lower == text) {
        return Ok(nats::HeaderName::from_static(odd));
    }
    let mut upper = true;
    let capital = |letter: char| {
        let written = if upper { letter.to_ascii_uppercase() } else { letter };
        upper = letter == '-';
        written
    };
    text.chars().map(capital).collect::<String>().parse().map_err(Error::internal)
}

/// How many bytes headers are on the wire, their version line among them.
pub(crate) fn wire_len(metadata: &Metadata) -> usize {
    if metadata.is_empty() {
        return 0;
    }
    let lines = metadata.iter().map(|(name, value)| name.as_str().len() + ": \r\n".len() + value.len());
    "NATS/1.0\r\n\r\n".len() + lines.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // Whatever a peer sends, reading it ends, keeps to the limits, and loses no value that metadata can hold.
        #[test]
        fn any_headers_are_read(headers in prop::collection::vec(("[!-9;-~]{1,12}", "[^\r\n]{0,40}"), 0..40), limit in 0_usize..2000) {
            let mut map = async_nats::HeaderMap::new();
            for (name, value) in &headers {
                map.append(name.parse::<nats::HeaderName>().unwrap(), value.parse::<nats::HeaderValue>().unwrap());
            }
            let whole: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
            match read(&map, limit) {
                Ok(metadata) => {
                    prop_assert!(whole <= limit);
                    for (name, value) in &headers {
                        let readable = HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok();
                        let found = metadata.get_all(name.as_str()).any(|found| found.as_bytes() == value.as_bytes());
                        prop_assert!(found || !readable, "{name:?}: {value:?}");
                    }
                }
                Err(error) => {
                    prop_assert_eq!(error.code(), Code::ResourceExhausted);
                    prop_assert!(whole > limit);
                }
            }
        }

        // What goes out is what comes in.
        #[test]
        fn metadata_go_there_and_back(headers in prop::collection::vec(("[a-z][a-z0-9-]{0,12}", "[ -~¡-ÿ]{0,40}"), 0..20)) {
            let mut metadata = Metadata::new();
            for (name, value) in &headers {
                metadata.append(name.parse().unwrap(), HeaderValue::from_str(value).unwrap());
            }
            let written = write(&metadata).unwrap().unwrap_or_default();
            let wire: usize = written
                .iter()
                .flat_map(|(name, values)| values.iter().map(move |value| name.to_string().len() + value.as_str().len() + 4))
                .sum();
            prop_assert_eq!(wire_len(&metadata), if metadata.is_empty() { 0 } else { wire + 12 });
            prop_assert_eq!(read(&written, usize::MAX).unwrap(), metadata);
        }
    }

    #[test]
    fn the_headers_of_nats_keep_their_case() {
        let name = wire_name(&HeaderName::from_static("nats-service-error-code")).unwrap();
        assert_eq!(name.to_string(), "Nats-Service-Error-Code");
        for name in ["Nats-Msg-Id", "Nats-TTL", "Nats-Schedule-TTL"] {
            let lower = HeaderName::from_bytes(name.as_bytes()).unwrap();
            assert_eq!(wire_name(&lower).unwrap().to_string(), name);
        }
    }

    #[test]
    fn names_that_differ_by_case_alone_come_in_one_order() {
        let names = ["authorization", "Authorization", "AUTHORIZATION", "aUTHORIZATION"];
        for _ in 0..20 {
            // Each map has a hash of its own.
            let mut map = async_nats::HeaderMap::new();
            names.iter().for_each(|name| map.append(*name, *name));
            let read = read(&map, usize::MAX).unwrap();
            let values: Vec<_> = read.get_all("authorization").map(|value| value.to_str().unwrap()).collect();
            assert_eq!(values, ["AUTHORIZATION", "Authorization", "aUTHORIZATION", "authorization"]);
        }
    }

    #[test]
    fn a_failure_whose_text_metadata_can_not_hold_is_still_a_failure() {
        let mut map = async_nats::HeaderMap::new();
        map.append("Nats-Service-Error", "no\u{1}pe");
        map.append("x-other", "no\u{1}pe");
        let read = read(&map, usize::MAX).unwrap();
        assert_eq!(read.get("nats-service-error").unwrap(), "no pe");
        assert!(read.get("x-other").is_none());
    }

    #[test]
    fn more_than_a_hundred_headers_are_refused() {
        let mut map = async_nats::HeaderMap::new();
        (0..101).for_each(|n| map.append("a", n.to_string()));
        assert_eq!(read(&map, usize::MAX).unwrap_err().code(), Code::ResourceExhausted);
    }
}
