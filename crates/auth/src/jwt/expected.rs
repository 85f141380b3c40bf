/// By whom tokens are to be: the `iss` that they must have (RFC 7519, section 4.1.1).
///
/// ```
/// use towerkit_auth::Issuer;
///
/// let one = Issuer::is("https://id.example");
/// let both = Issuer::any_of(["https://id.example", "https://id.example.org"]);
/// # let _ = (one, both);
/// ```
#[derive(Clone, Debug)]
pub struct Issuer(Expected);

impl Issuer {
    /// Just this one.
    #[must_use]
    pub fn is(issuer: impl Into<String>) -> Self {
        Self::any_of([issuer])
    }

    /// One of these. All of the verifier's keys are believed for each of them; so issuers that may not speak for one another take a verifier each, of
    /// [`JwtVerifiers`](crate::JwtVerifiers).
    #[must_use]
    pub fn any_of<I: Into<String>>(issuers: impl IntoIterator<Item = I>) -> Self {
        Self(Expected::one_of(issuers))
    }

    /// Whoever has one of the verifier's keys, whatever it calls itself, if anything.
    #[must_use]
    pub const fn any() -> Self {
        Self(Expected::ANYTHING)
    }

    pub(super) const fn expected(&self) -> &Expected {
        &self.0
    }
}

/// For whom tokens are to be: what must be in their `aud` (RFC 7519, section 4.1.3).
///
/// ```
/// use towerkit_auth::Audience;
///
/// let audience = Audience::is("addsvc");
/// # let _ = audience;
/// ```
#[derive(Clone, Debug)]
pub struct Audience(Expected);

impl Audience {
    /// Just this one; a token may be for others as well.
    #[must_use]
    pub fn is(audience: impl Into<String>) -> Self {
        Self::any_of([audience])
    }

    /// At least one of these.
    #[must_use]
    pub fn any_of<A: Into<String>>(audiences: impl IntoIterator<Item = A>) -> Self {
        Self(Expected::one_of(audiences))
    }

    /// Whoever it is for, if for anyone. Then a service that gets a token can use it at this one (RFC 8725, section 3.9).
    #[must_use]
    pub const fn any() -> Self {
        Self(Expected::ANYTHING)
    }

    pub(super) const fn expected(&self) -> &Expected {
        &self.0
    }

    /// One of them, to call what asks for tokens by.
    pub(super) fn first(&self) -> Option<&str> {
        self.0.0.as_ref()?.first().map(String::as_str)
    }
}

/// The texts of which a claim has to have one; none where it may be anything.
#[derive(Clone, Debug)]
pub(super) struct Expected(Option<Vec<String>>);

impl Expected {
    const ANYTHING: Self = Self(None);

    fn one_of<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self(Some(texts.into_iter().map(Into::into).collect()))
    }

    /// All of them; none where it may be anything.
    pub(super) fn texts(&self) -> Option<&[String]> {
        self.0.as_deref()
    }

    /// Whether a claim must be there.
    pub(super) const fn is_needed(&self) -> bool {
        self.0.is_some()
    }

    /// Texts are compared byte by byte (RFC 7519, section 7.3).
    pub(super) fn has(&self, text: &str) -> bool {
        self.0.as_ref().is_none_or(|texts| texts.iter().any(|one| one == text))
    }
}
