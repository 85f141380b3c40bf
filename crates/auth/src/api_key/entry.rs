use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use super::NewApiKey;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 255;

/// What is known of a key: a name, its SHA-256, what it may do. It is one line of a file, which `Display` writes.
///
/// ```
/// use towerkit_auth::ApiKey;
///
/// let key = ApiKey::hashed("cart", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")?.with_scopes(["add:read"])?;
/// assert_eq!(key.to_string(), "cart:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad:add:read");
/// # Ok::<(), towerkit_auth::InvalidApiKey>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub(super) name: String,
    pub(super) hash: Sha256,
    pub(super) scopes: Vec<String>,
}

/// The hash of a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sha256(pub(super) [u8; 32]);

impl Sha256 {
    pub(super) fn of(key: &[u8]) -> Self {
        let mut hash = [0; 32];
        // It is as long.
        for (to, from) in hash.iter_mut().zip(digest(&SHA256, key).as_ref()) {
            *to = *from;
        }
        Self(hash)
    }

    fn from_hex(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let &[high, low] = digits else { return None };
            let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            *byte = digit(high)? << 4 | digit(low)?;
        }
        Some(Self(hash))
    }
}

impl ApiKey {
    /// A key of a name, by its SHA-256 in 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// Where the name is empty, has a colon, a control character or more than 255 bytes, begins with `#` or ends with a space;
    /// or where the hash is none.
    pub fn hashed(name: impl Into<String>, sha256: &str) -> Result<Self, InvalidApiKey> {
        let hash =
            Sha256::from_hex(sha256).ok_or(InvalidApiKey("the hash is no SHA-256 in 64 hexadecimal digits".into()))?;
        Self::new(name.into(), hash)
    }

    pub(super) fn new(name: String, hash: Sha256) -> Result<Self, InvalidApiKey> {
        let fits = !name.is_empty()
            && name.len() <= LONGEST_NAME
            && !name.starts_with('#')
            && name.trim_ascii() == name
            && !name.bytes().any(|byte| byte == b':' || byte.is_ascii_control());
        if !fits {
            return Err(InvalidApiKey("the name is empty or too long, or has characters that it can't".into()));
        }
        Ok(Self { name, hash, scopes: Vec::new() })
    }

    /// Makes a new key of a name, from 256 random bits. It is shown to whoever is to have it, once; here its
    /// [line](NewApiKey::entry) stays.
    ///
    /// # Errors
    ///
    /// As [`hashed`](Self::hashed), or where the system has no random numbers.
    pub fn generate(name: impl Into<String>) -> Result<NewApiKey, InvalidApiKey> {
        NewApiKey::generate(name.into())
    }

    /// Says what the key may do: the [scopes](crate::Principal::scopes) of its principal.
    ///
    /// # Errors
    ///
    /// Where one of them is none (RFC 6749, section 3.3).
    pub fn with_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Result<Self, InvalidApiKey> {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        if !self.scopes.iter().all(|scope| is_scope(scope)) {
            return Err(InvalidApiKey("a scope is empty, or has characters that it can't".into()));
        }
        Ok(self)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it may do.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str)
    }

    pub(super) fn from_line(line: &str) -> Result<Self, InvalidApiKey> {
        let (name, rest) = line.split_once(':').ok_or(InvalidApiKey("no colon ends the name".into()))?;
        // Scopes may have colons.
        let (hash, scopes) = rest.split_once(':').unwrap_or((rest, ""));
        Self::hashed(name, hash)?.with_scopes(scopes.split_ascii_whitespace())
    }
}

fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// The line of a file.
impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.hash)?;
        if !self.scopes.is_empty() {
            write!(f, ":{}", self.scopes.join(" "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A key can't be used. What it is, or its hash, is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidApiKey(pub(super) Cow<'static, str>);

impl fmt::Display for InvalidApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidApiKey {}
