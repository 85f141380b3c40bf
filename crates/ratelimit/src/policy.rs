use std::sync::Arc;

use crate::Quota;

/// A quota and its name.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) name: Arc<str>,
    pub(crate) quota: Quota,
}

impl Policy {
    /// The name becomes one that can stand in quotes in a header (an sf-string of RFC 9651, section 3.3.3).
    pub(crate) fn new(name: &str, quota: Quota) -> Self {
        let plain = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
        let name = name.chars().map(|c| if plain(c) { c } else { '_' }).collect::<String>().into();
        Self { name, quota }
    }
}
