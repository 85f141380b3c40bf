use std::fmt;

use crate::constant_time::is_secret;

/// A password as it was sent. `Debug` hides it, and nothing displays it.
///
/// ```
/// use towerkit_auth::Password;
///
/// let password = Password::from("rosebud".to_owned());
/// assert!(password.is("rosebud"));
/// assert_eq!(format!("{password:?}"), "Password(..)");
/// ```
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Whether it is this one: in a time that tells nothing of the one expected, nor of its length.
    #[must_use]
    pub fn is(&self, expected: &str) -> bool {
        is_secret(self.0.as_bytes(), expected.as_bytes()).into()
    }

    /// The text, to be hashed. It is a secret.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}
