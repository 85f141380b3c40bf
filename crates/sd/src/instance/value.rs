//! An instance as the value of a key: what registries that hold any bytes keep of it.

use std::collections::BTreeMap;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::Instance;

/// The longest value that is read.
const LONGEST: usize = 64 * 1024;

/// The most tags that are read.
const MOST_TAGS: usize = 256;

/// All that is known of an instance.
#[derive(Serialize, Deserialize)]
struct Whole {
    address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default = "default_weight", skip_serializing_if = "is_default_weight")]
    weight: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
}

const fn default_weight() -> u32 {
    Instance::DEFAULT_WEIGHT
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_default_weight(weight: &u32) -> bool {
    *weight == Instance::DEFAULT_WEIGHT
}

impl Instance {
    /// All of it, as JSON.
    pub(crate) fn to_json(&self) -> String {
        let whole = Whole {
            address: self.address().to_owned(),
            id: self.has_name().then(|| self.id().to_owned()),
            zone: self.zone().map(str::to_owned),
            version: self.version().map(str::to_owned),
            weight: self.weight(),
            tags: self.tags().to_vec(),
            labels: self.labels().clone(),
        };
        // Strings and a number: there is nothing in it that JSON can't hold.
        serde_json::to_string(&whole).unwrap_or_else(|_| self.address().to_owned())
    }

    /// What [`to_json`](Self::to_json) writes, or `HOST:PORT`, or a URL that has a port. None where it is none of them.
    ///
    /// It takes the name from its value, else from its key, where that is not its address.
    pub(crate) fn from_value(value: &[u8], key: &str) -> Option<Self> {
        let text = std::str::from_utf8(value.get(..value.len().min(LONGEST + 1))?).ok()?.trim();
        if text.len() > LONGEST {
            return None;
        }
        let instance = if text.starts_with('{') { Self::from_json(text)? } else { Self::from_plain(text)? };
        let named = instance.has_name() || key.is_empty() || key == instance.address();
        Some(if named { instance } else { instance.with_id(key) })
    }

    fn from_json(text: &str) -> Option<Self> {
        let whole: Whole = serde_json::from_str(text).ok().filter(|whole: &Whole| whole.tags.len() <= MOST_TAGS)?;
        let mut instance = whole.address.parse::<Self>().ok()?.with_weight(whole.weight);
        if let Some(id) = whole.id {
            instance = instance.with_id(id);
        }
        if let Some(zone) = whole.zone {
            instance = instance.with_zone(zone);
        }
        if let Some(version) = whole.version {
            instance = instance.with_version(version);
        }
        instance = whole.tags.into_iter().fold(instance, Self::with_tag);
        Some(whole.labels.into_iter().fold(instance, |instance, (name, value)| instance.with_label(name, value)))
    }

    fn from_plain(text: &str) -> Option<Self> {
        if !text.contains("://") {
            return text.parse().ok();
        }
        let url: Uri = text.parse().ok()?;
        let authority = url.authority()?.as_str();
        // A password in it stays where it is.
        (!authority.contains('@')).then_some(())?;
        Some(authority.parse::<Self>().ok()?.with_label("url", text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Instance {
        Instance::new("::1", 8081)
            .with_id("one")
            .with_zone("eu-1a")
            .with_version("1.4.2")
            .with_weight(7)
            .with_tag("prod")
            .with_tag("\"quoted\" \u{1f980}")
            .with_label("team", "blue")
    }

    #[test]
    fn what_is_written_is_read_back_whole() {
        let bare = Instance::new("10.0.0.7", 8081);
        for instance in [whole(), bare.clone(), bare.clone().with_weight(0)] {
            assert_eq!(Instance::from_value(instance.to_json().as_bytes(), "").unwrap(), instance);
        }
        assert_eq!(bare.to_json(), r#"{"address":"10.0.0.7:8081"}"#);
    }

    #[test]
    fn an_address_and_a_url_are_read_too() {
        let plain = Instance::from_value(b"10.0.0.7:8081\n", "10.0.0.7:8081").unwrap();
        assert_eq!(plain, Instance::new("10.0.0.7", 8081));
        let url = Instance::from_value(b"https://[::1]:8081/v1?a=b", "one").unwrap();
        assert_eq!(
            (url.address(), url.id(), url.label("url")),
            ("[::1]:8081", "one", Some("https://[::1]:8081/v1?a=b"))
        );
    }

    #[test]
    fn the_name_in_the_value_comes_before_the_one_in_the_key() {
        assert_eq!(Instance::from_value(whole().to_json().as_bytes(), "two").unwrap().id(), "one");
        assert_eq!(Instance::from_value(br#"{"address":"h:1"}"#, "two").unwrap().id(), "two");
    }

    #[test]
    fn what_can_t_be_understood_is_none() {
        let long = format!("{{\"address\":\"h:1\",\"zone\":\"{}\"}}", "z".repeat(LONGEST));
        let hostile: &[&[u8]] = &[
            b"",
            b"\xff\xfe",
            b"h",
            b"h:0",
            b"h:70000",
            b"http://h",
            b"http://h/:80",
            b"http://user:secret@h:80",
            b"{",
            b"{}",
            b"[]",
            b"null",
            br#"{"address":"h"}"#,
            br#"{"address":7}"#,
            br#"{"address":"h:1","weight":-1}"#,
            br#"{"address":"h:1","tags":"prod"}"#,
            br#"{"address":"h:1","labels":{"a":{}}}"#,
            br#"{"address":"h:1"} and more"#,
            long.as_bytes(),
        ];
        for value in hostile {
            assert_eq!(Instance::from_value(value, "key"), None, "{:?}", String::from_utf8_lossy(value));
        }
        let deep = "[".repeat(60_000);
        assert_eq!(Instance::from_value(format!(r#"{{"address":{deep}"#).as_bytes(), ""), None);
        let tags = vec!["tag"; MOST_TAGS + 1];
        assert_eq!(Instance::from_value(format!(r#"{{"address":"h:1","tags":{tags:?}}}"#).as_bytes(), ""), None);
    }
}
