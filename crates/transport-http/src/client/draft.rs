use std::fmt::{self, Display};
use std::sync::Arc;

use form_urlencoded::Serializer;
use http::{HeaderMap, Uri};
use towerkit_endpoint::Error;

use super::base::Base;
use super::template::Template;

/// A request that is being written: what an [encoder](crate::codec::EncodeRequest) fills in beside the body.
///
/// The metadata of the context is among the headers already.
pub struct Draft {
    headers: HeaderMap,
    template: Arc<Template>,
    values: Vec<Option<String>>,
    query: String,
}

impl Draft {
    pub(super) fn new(template: Arc<Template>, headers: HeaderMap) -> Self {
        Self { headers, values: vec![None; template.names().len()], template, query: String::new() }
    }

    pub(super) fn set_value(&mut self, index: usize, value: String) {
        self.values[index] = Some(value);
    }

    pub(super) fn finish(self, base: &Base) -> Result<(Uri, HeaderMap), Error> {
        Ok((base.url(&self.template.fill(&self.values)?, &self.query)?, self.headers))
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The headers, to change.
    pub const fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// Whether the path's template has a name.
    #[must_use]
    pub fn has_path_name(&self, name: &str) -> bool {
        self.template.index(name).is_some()
    }

    /// Gives a name of the path's template its value, unless it has one. The value is percent-encoded later.
    ///
    /// # Errors
    ///
    /// `Internal`, where the template has no such name.
    pub fn path_value(&mut self, name: &str, value: impl Display) -> Result<(), Error> {
        match self.template.index(name) {
            Some(index) => {
                self.values[index].get_or_insert_with(|| value.to_string());
                Ok(())
            }
            None => Err(Error::internal(format!("the path {:?} has no {{{name}}}", self.template))),
        }
    }

    /// Gives the names of the path's template that have no value yet theirs, in their order.
    pub(super) fn path_values(&mut self, values: Vec<String>) -> Result<(), Error> {
        let left = self.values.iter_mut().filter(|value| value.is_none());
        let (names, given) = (self.template.names().len(), values.len());
        let mut values = values.into_iter();
        let filled = left.map(|left| left.insert(values.next().unwrap_or_default())).count();
        if filled == given {
            return Ok(());
        }
        Err(Error::internal(format!("the path {:?} has {names} names, and the message {given} values", self.template)))
    }

    /// Adds a parameter to the query string. Name and value are encoded here.
    pub fn query_value(&mut self, name: &str, value: impl Display) {
        Serializer::for_suffix(&mut self.query, 0).append_pair(name, &value.to_string());
    }
}

/// Neither headers nor values: they hold credentials.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("path", &self.template).finish_non_exhaustive()
    }
}
