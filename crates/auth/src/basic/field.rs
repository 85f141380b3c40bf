use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Password;
use crate::Reason;

/// The most that is read behind the scheme, in bytes.
const LONGEST: usize = 4096;

/// A user and a password, as they were sent.
pub(super) struct Pair {
    text: String,
    colon: usize,
}

impl Pair {
    pub(super) fn user(&self) -> &str {
        &self.text[..self.colon]
    }

    pub(super) fn password(&self) -> &str {
        &self.text[self.colon + 1..]
    }

    pub(super) fn into_parts(mut self) -> (String, Password) {
        let password = self.text.split_off(self.colon + 1);
        self.text.truncate(self.colon);
        (self.text, Password::from(password))
    }
}

/// Reads what stands behind the scheme (RFC 7617, section 2).
pub(super) fn read(token: &str) -> Result<Pair, Reason> {
    if token.len() > LONGEST {
        return Err(Reason::TooLarge { limit: LONGEST });
    }
    let malformed = |what: &'static str| Reason::Malformed(Cow::Borrowed(what));
    let bytes = STANDARD.decode(token).map_err(|_| malformed("they are no base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| malformed("they are no UTF-8"))?;
    let colon = text.find(':').ok_or_else(|| malformed("no colon ends the user"))?;
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(malformed("there are control characters in them"));
    }
    Ok(Pair { text, colon })
}
