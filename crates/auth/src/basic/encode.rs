use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::NoCredentials;

/// What a client sends in `authorization` (RFC 7617, section 2).
pub(crate) fn encode(user: &str, password: &str) -> Result<String, NoCredentials> {
    if user.contains(':') {
        return Err(NoCredentials::new(Unsendable("the user has a colon in it")));
    }
    if user.bytes().chain(password.bytes()).any(|byte| byte.is_ascii_control()) {
        return Err(NoCredentials::new(Unsendable("the user or the password has a control character in it")));
    }
    Ok(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// A user or a password can't be sent. What they are is not kept.
#[derive(Debug)]
struct Unsendable(&'static str);

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unsendable {}
