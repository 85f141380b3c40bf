use http::HeaderValue;

/// A challenge: what `www-authenticate` says of the credentials that are asked for (RFC 9110, section 11.6.1).
///
/// ```
/// use towerkit_auth::Challenge;
///
/// let challenge = Challenge::new("Bearer").param("realm", "the \"add\" service").param("error", "invalid_token");
/// assert_eq!(challenge.into_value(), r#"Bearer realm="the \"add\" service", error="invalid_token""#);
/// ```
#[derive(Clone, Debug)]
pub struct Challenge {
    text: String,
    params: bool,
}

impl Challenge {
    /// Of a scheme, which is a token: `Basic`, `Bearer`.
    #[must_use]
    pub fn new(scheme: &'static str) -> Self {
        Self { text: scheme.to_owned(), params: false }
    }

    /// Adds a parameter, as a quoted string. Of its value what is not ASCII is left out, and so are control characters: a field of HTTP holds them badly or
    /// not at all, and metadata of gRPC never.
    #[must_use]
    pub fn param(mut self, name: &'static str, value: &str) -> Self {
        self.text.push_str(if self.params { ", " } else { " " });
        self.params = true;
        self.text.push_str(name);
        self.text.push_str("=\"");
        for character in value.chars().filter(|character| matches!(character, ' '..='~')) {
            if matches!(character, '"' | '\\') {
                self.text.push('\\');
            }
            self.text.push(character);
        }
        self.text.push('"');
        self
    }

    /// As the value of a field.
    #[must_use]
    pub fn into_value(self) -> HeaderValue {
        // Without control characters any text is one; a scheme has none.
        HeaderValue::try_from(self.text).unwrap_or_else(|_| HeaderValue::from_static("Basic"))
    }
}
