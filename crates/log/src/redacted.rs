use std::fmt;

/// A secret: `Debug` and `Display` say `[redacted]`, so that it does not get into logs, errors or panics by accident.
///
/// ```
/// use towerkit_log::Redacted;
///
/// #[derive(Debug)]
/// struct Login {
///     name: String,
///     password: Redacted<String>,
/// }
///
/// let login = Login { name: "Ada".into(), password: Redacted::new("rosebud".into()) };
/// assert_eq!(format!("{login:?}"), r#"Login { name: "Ada", password: [redacted] }"#);
/// assert_eq!(login.password.expose(), "rosebud");
/// ```
///
/// It hides, and no more: the memory is not wiped.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Hides a value.
    #[must_use]
    pub const fn new(secret: T) -> Self {
        Self(secret)
    }

    /// The value. The name is to be seen in a review.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself.
    #[must_use]
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Redacted<T> {
    fn from(secret: T) -> Self {
        Self(secret)
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
