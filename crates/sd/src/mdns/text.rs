//! An instance as mDNS has it: a name, addresses, a port, and the pairs of a TXT record.

use std::net::{IpAddr, Ipv6Addr};

use towerkit_endpoint::Code;

use super::client::REGISTRY;
use crate::{Instance, RegistryError};

const ID: &str = "id";
const ZONE: &str = "zone";
const VERSION: &str = "version";
const WEIGHT: &str = "weight";
const TAGS: &str = "tags";

/// The longest label (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 63;

/// What is recommended for all pairs together (RFC 6763, section 6.2).
const LONGEST_TEXT: usize = 1300;

/// The name of a service instance: the id, where it has one.
pub(super) fn name(instance: &Instance) -> Result<String, RegistryError> {
    let name = instance.id();
    if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(refused(format!("`{}` is no name of a service instance: 1 to 63 bytes", name.escape_default())));
    }
    Ok(name.to_owned())
}

/// The pairs of the TXT record.
pub(super) fn pairs(instance: &Instance) -> Result<Vec<(String, String)>, RegistryError> {
    let mut pairs = Vec::new();
    let mut add = |key: &str, value: &str| pairs.push((key.to_owned(), value.to_owned()));
    if instance.has_name() {
        add(ID, instance.id());
    }
    if let Some(zone) = instance.zone() {
        add(ZONE, zone);
    }
    if let Some(version) = instance.version() {
        add(VERSION, version);
    }
    if instance.weight() != Instance::DEFAULT_WEIGHT {
        add(WEIGHT, &instance.weight().to_string());
    }
    if !instance.tags().is_empty() {
        if let Some(tag) = instance.tags().iter().find(|tag| tag.is_empty() || tag.contains(',')) {
            return Err(refused(format!("the tag `{}` can't stand between commas", tag.escape_default())));
        }
        add(TAGS, &instance.tags().join(","));
    }
    for (name, value) in instance.labels() {
        let printable = !name.is_empty() && name.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=');
        // Keys that differ only in case are one (RFC 6763, section 6.4).
        let known = [ID, ZONE, VERSION, WEIGHT, TAGS].iter().any(|key| key.eq_ignore_ascii_case(name));
        let twice = instance.labels().keys().any(|other| other != name && other.eq_ignore_ascii_case(name));
        if !printable || known || twice {
            return Err(refused(format!("the label `{}` can't be the key of a TXT record", name.escape_default())));
        }
        add(name, value);
    }
    let lengths = pairs.iter().map(|(key, value)| key.len() + 1 + value.len());
    if lengths.clone().any(|length| length > 255) || lengths.map(|length| length + 1).sum::<usize>() > LONGEST_TEXT {
        return Err(refused(
            "what is said of it is too long for a TXT record: 255 bytes a pair, 1300 together".to_owned(),
        ));
    }
    Ok(pairs)
}

fn refused(what: String) -> RegistryError {
    RegistryError::new(REGISTRY, Code::InvalidArgument, what)
}

/// The name of a service instance, out of its full name.
pub(super) fn label(full: &str, kind: &str) -> String {
    let label = full.len().checked_sub(kind.len() + 1).and_then(|length| full.get(..length)).unwrap_or(full);
    let mut plain = String::with_capacity(label.len());
    let mut escaped = false;
    for one in label.chars() {
        if one == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            plain.push(one);
        }
    }
    plain
}

/// What others say of a service instance; none where it can't be called. A pair that can't be understood is skipped.
pub(super) fn instance<'a>(
    name: &str,
    addresses: impl Iterator<Item = IpAddr>,
    port: u16,
    pairs: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>,
) -> Option<Instance> {
    let address =
        addresses.filter(|address| preference(address).is_some()).min_by_key(|one| (preference(one), *one))?;
    if port == 0 {
        return None;
    }
    let mut instance = Instance::new(&address.to_string(), port);
    if !name.is_empty() {
        instance = instance.with_id(name);
    }
    for (key, value) in pairs {
        let Ok(value) = std::str::from_utf8(value.unwrap_or_default()) else { continue };
        instance = match key.to_ascii_lowercase().as_str() {
            ID if value.is_empty() => instance,
            ID => instance.with_id(value),
            ZONE => instance.with_zone(value),
            VERSION => instance.with_version(value),
            WEIGHT => match value.parse() {
                Ok(weight) => instance.with_weight(weight),
                Err(_) => instance,
            },
            TAGS => value.split(',').filter(|tag| !tag.is_empty()).fold(instance, Instance::with_tag),
            _ => instance.with_label(key, value),
        };
    }
    Some(instance)
}

/// Which address is taken: that of the least number. None is for those that nobody can be called at: an address of a
/// link without its interface leads nowhere.
fn preference(address: &IpAddr) -> Option<u8> {
    match address {
        _ if address.is_unspecified() || address.is_multicast() => None,
        IpAddr::V4(address) if address.is_broadcast() => None,
        IpAddr::V4(address) if address.is_loopback() => Some(2),
        IpAddr::V4(address) if address.is_link_local() => Some(1),
        IpAddr::V4(_) => Some(0),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(4),
        IpAddr::V6(address) if address.is_unicast_link_local() => None,
        IpAddr::V6(_) => Some(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(addresses: &[&str], port: u16, pairs: &[(&str, Option<&[u8]>)]) -> Option<Instance> {
        instance("name", addresses.iter().map(|address| address.parse().unwrap()), port, pairs.iter().copied())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let plain = Instance::new("10.0.0.7", 8081);
        let full = plain.clone().with_id("a1").with_zone("eu").with_version("1.4").with_weight(7);
        let full = full.with_tag("prod").with_tag("blue").with_label("team", "core=1").with_label("empty", "");
        let written = pairs(&full).unwrap();
        let again = read(
            &["10.0.0.7"],
            8081,
            &written.iter().map(|(k, v)| (k.as_str(), Some(v.as_bytes()))).collect::<Vec<_>>(),
        );
        assert_eq!(again.unwrap(), full);
        assert_eq!(pairs(&plain).unwrap(), []);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let plain = || Instance::new("10.0.0.7", 8081);
        let many = (0..20).fold(plain(), |instance, n| instance.with_label(format!("label-{n}"), "x".repeat(100)));
        let refused = [
            plain().with_tag("a,b"),
            plain().with_tag(""),
            plain().with_label("Zone", "x"),
            plain().with_label("a=b", "x"),
            plain().with_label("", "x"),
            plain().with_label("ä", "x"),
            plain().with_label("a\n", "x"),
            plain().with_label("team", "x").with_label("Team", "y"),
            plain().with_label("long", "x".repeat(251)),
            many,
        ];
        for instance in refused {
            assert_eq!(pairs(&instance).unwrap_err().code(), Code::InvalidArgument, "{instance:?}");
        }
        assert!(pairs(&plain().with_label("long", "x".repeat(250))).is_ok());
    }

    #[test]
    fn a_name_is_a_label_of_the_dns() {
        let named = |id: &str| name(&Instance::new("10.0.0.7", 8081).with_id(id));
        assert_eq!(named("Wohnzimmer. Ü").unwrap(), "Wohnzimmer. Ü");
        assert_eq!(name(&Instance::new("::1", 8081)).unwrap(), "[::1]:8081");
        for id in ["", "a\u{7}", "a\nb", &"x".repeat(64), &"ü".repeat(32)] {
            assert_eq!(named(id).unwrap_err().code(), Code::InvalidArgument);
        }
    }

    #[test]
    fn a_label_is_read_without_its_escapes() {
        let kind = "_addsvc._tcp.local.";
        assert_eq!(label(r"10\.0\.0\.7:8081._addsvc._tcp.local.", kind), "10.0.0.7:8081");
        assert_eq!(label(r"back\\slash._addsvc._tcp.local.", kind), r"back\slash");
        assert_eq!(label("10.0.0.7._ADDSVC._tcp.local.", kind), "10.0.0.7");
        // What another way of writing, or malice, might bring.
        for odd in ["", ".", "ü", "_addsvc._tcp.local.", r"\", "üüüüüüüüüü"] {
            let _ = label(odd, kind);
        }
    }

    #[test]
    fn a_pair_that_cannot_be_understood_is_skipped() {
        let pairs: [(&str, Option<&[u8]>); 8] = [
            ("weight", Some(b"heavy")),
            ("Weight", Some(b"-1")),
            ("zone", None),
            ("version", Some(b"\xff\xfe")),
            ("tags", Some(b",,a,")),
            ("id", Some(b"")),
            ("flag", None),
            ("path", Some(b"/x=y")),
        ];
        let expected = Instance::new("10.0.0.7", 80)
            .with_id("name")
            .with_tag("a")
            .with_label("flag", "")
            .with_label("path", "/x=y");
        assert_eq!(read(&["10.0.0.7"], 80, &pairs).unwrap(), expected);
    }

    #[test]
    fn of_several_addresses_the_one_that_leads_furthest_is_taken() {
        let all = [
            "ff02::fb",
            "::1",
            "fe80::1",
            "2001:db8::7",
            "169.254.0.7",
            "127.0.0.1",
            "10.0.0.8",
            "10.0.0.7",
            "0.0.0.0",
        ];
        assert_eq!(read(&all, 80, &[]).unwrap().host(), "10.0.0.7");
        assert_eq!(read(&all[..6], 80, &[]).unwrap().host(), "169.254.0.7");
        assert_eq!(read(&all[..4], 80, &[]).unwrap().host(), "2001:db8::7");
    }

    #[test]
    fn what_cannot_be_called_is_no_instance() {
        assert_eq!(read(&["10.0.0.7"], 0, &[]), None);
        assert_eq!(read(&[], 80, &[]), None);
        assert_eq!(read(&["0.0.0.0", "::", "ff02::fb", "fe80::1", "255.255.255.255"], 80, &[]), None);
    }
}
