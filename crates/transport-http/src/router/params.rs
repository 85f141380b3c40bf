use std::sync::Arc;

use percent_encoding::percent_decode_str;
use towerkit_endpoint::Error;

/// What the parameters of a route's template matched, percent-decoded: a value in the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathParams(Arc<[(String, String)]>);

impl PathParams {
    /// Names and values, in the order of the template.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    pub(super) fn decode(matched: &matchit::Params<'_, '_>) -> Result<Self, Error> {
        let decode = |(name, value): (&str, &str)| match percent_decode_str(value).decode_utf8() {
            Ok(value) => Ok((name.to_owned(), value.into_owned())),
            Err(error) => Err(Error::invalid(name.to_owned(), "is not UTF-8").with_source(error)),
        };
        matched.iter().map(decode).collect::<Result<_, _>>().map(Self)
    }
}
