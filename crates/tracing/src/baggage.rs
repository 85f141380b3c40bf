use std::fmt;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};
use towerkit_endpoint::Metadata;

const HEADER: HeaderName = HeaderName::from_static("baggage");

/// Of the values of one header and of its entries: what each has to take at least (section 3.3.2), and here at most.
const BYTES: usize = 8192;
const ENTRIES: usize = 64;

/// What does not stand for itself in a value.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%').add(b',').add(b';').add(b'\\');

/// Values that go along with a trace, from service to service: W3C Baggage, of names that are
/// [listed](crate::TracerBuilder::baggage), and of no others.
///
/// [`requests`](crate::Tracer::requests) takes them from the metadata and has the context carry them,
/// [`calls`](crate::Tracer::calls) writes them into outgoing metadata. They leave the process in plain text, and come from
/// whoever calls: they are no place for secrets, and no proof of anything. Those of an [untrusted](crate::RequestsLayer::untrusted) peer
/// are not taken.
///
/// ```
/// use towerkit_endpoint::Context;
/// use towerkit_tracing::Baggage;
///
/// # let mut context = Context::new();
/// // Where the trace begins:
/// context.carry(Baggage::default().with("tenant", "blue"));
/// // Anywhere after that:
/// let tenant = context.get::<Baggage>().and_then(|baggage| baggage.get("tenant"));
/// assert_eq!(tenant, Some("blue"));
/// ```
///
/// Read are the first 8192 bytes and 64 entries; properties of entries are not kept. Clones share what they hold.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Baggage(Arc<Vec<(Box<str>, String)>>);

impl Baggage {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(there, _)| *there == name).map(|(_, value)| value)
    }

    /// With a value, in place of the one of that name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(name.into().into_boxed_str(), value.into());
        self
    }

    fn set(&mut self, name: Box<str>, value: String) {
        let entries = Arc::make_mut(&mut self.0);
        entries.retain(|(there, _)| *there != name);
        entries.push((name, value));
    }

    /// Names and values, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_str()))
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What metadata have of the names.
    pub(crate) fn read(metadata: &Metadata, names: &[Box<str>]) -> Option<Self> {
        let mut found: Option<Self> = None;
        let (mut bytes, mut entries) = (0, 0);
        for value in metadata.get_all(HEADER) {
            for entry in value.as_bytes().split(|byte| *byte == b',') {
                bytes += entry.len() + 1;
                entries += 1;
                if bytes > BYTES + 1 || entries > ENTRIES {
                    break;
                }
                if let Some((name, value)) = split(entry, names) {
                    found.get_or_insert_default().set(name.into(), value);
                }
            }
        }
        found
    }

    /// Writes those of the names, in place of what stands there.
    pub(crate) fn write(&self, metadata: &mut Metadata, names: &[Box<str>]) {
        let mut header = String::new();
        for (name, value) in self.iter().filter(|(name, _)| is_listed(name.as_bytes(), names)).take(ENTRIES) {
            let before = header.len();
            if before > 0 {
                header.push(',');
            }
            header.push_str(name);
            header.push('=');
            header.extend(utf8_percent_encode(value, ENCODED));
            if header.len() > BYTES {
                header.truncate(before);
            }
        }
        if !header.is_empty()
            && let Ok(header) = HeaderValue::try_from(header)
        {
            metadata.insert(HEADER, header);
        }
    }
}

/// An entry `name = value;property;property`, of a name that is listed.
fn split<'a>(entry: &'a [u8], names: &'a [Box<str>]) -> Option<(&'a str, String)> {
    let entry = entry.split(|byte| *byte == b';').next()?;
    let at = entry.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (entry[..at].trim_ascii(), entry[at + 1..].trim_ascii());
    let name = names.iter().find(|listed| listed.as_bytes() == name)?;
    // What is no UTF-8 is replaced, as the standard has it.
    Some((name, percent_decode(value).decode_utf8_lossy().into_owned()))
}

/// Whether a name is listed, and can be one at all: a token (RFC 9110, section 5.6.2).
fn is_listed(name: &[u8], names: &[Box<str>]) -> bool {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_token) && names.iter().any(|listed| listed.as_bytes() == name)
}

/// Its names: what the values say of people is nobody's business.
impl fmt::Debug for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}
