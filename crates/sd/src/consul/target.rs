use std::fmt;

use towerkit_http_client::percent_encoded;

/// The path of a request and its query, with all in it encoded that is not ours.
#[derive(Clone, Debug)]
pub(super) struct Target {
    text: String,
    has_query: bool,
}

impl Target {
    /// A path of the API, such as `/v1/status/leader`.
    pub(super) fn new(path: &'static str) -> Self {
        Self { text: path.to_owned(), has_query: false }
    }

    /// Adds one more segment to the path.
    pub(super) fn segment(mut self, segment: &str) -> Self {
        self.text.push('/');
        self.text.extend(percent_encoded(segment));
        self
    }

    /// Adds a parameter that has no value.
    pub(super) fn flag(mut self, name: &'static str) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.text.push_str(name);
        self.has_query = true;
        self
    }

    /// Adds a parameter.
    pub(super) fn with(self, name: &'static str, value: &str) -> Self {
        let mut with = self.flag(name);
        with.text.push('=');
        with.text.extend(percent_encoded(value));
        with
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_break_out_of_neither_path_nor_query() {
        let target = Target::new("/v1/health/service").segment("a/b?c#d é").flag("passing").with("tag", "x&y=z+1%");
        assert_eq!(target.to_string(), "/v1/health/service/a%2Fb%3Fc%23d%20%C3%A9?passing&tag=x%26y%3Dz%2B1%25");
    }
}
