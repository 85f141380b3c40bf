//! What a list and a watch are made of.

use serde::Deserialize;
use serde_json::value::RawValue;
use towerkit_endpoint::Code;

use super::REGISTRY;
use crate::RegistryError;

/// A page of a list.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    pub(super) metadata: PageMetadata,
    pub(super) items: Option<Vec<Box<RawValue>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageMetadata {
    pub(super) resource_version: Option<String>,
    /// Where the next page begins.
    pub(super) r#continue: Option<String>,
}

/// What a watch says.
pub(super) enum Event<'a> {
    /// A slice is there, or is another one.
    Set(&'a RawValue),
    /// A slice is gone.
    Removed(&'a RawValue),
    /// Nothing but the version.
    Bookmark(&'a RawValue),
    /// The version is too old.
    Gone,
    /// Of a kind that is not known.
    Other,
}

#[derive(Deserialize)]
struct Line<'a> {
    r#type: String,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// An object of the kind `Status`.
#[derive(Default, Deserialize)]
struct Status {
    code: Option<u16>,
    reason: Option<String>,
    message: Option<String>,
}

impl<'a> Event<'a> {
    /// Reads a line. An error that the server tells of is an error.
    pub(super) fn read(line: &'a [u8]) -> Result<Self, RegistryError> {
        let Line { r#type, object } = serde_json::from_slice(line).map_err(|error| {
            RegistryError::malformed(REGISTRY, "a line of the watch is no event").with_source(error)
        })?;
        match r#type.as_str() {
            "ADDED" | "MODIFIED" => Ok(Self::Set(object)),
            "DELETED" => Ok(Self::Removed(object)),
            "BOOKMARK" => Ok(Self::Bookmark(object)),
            "ERROR" => {
                let status: Status = serde_json::from_str(object.get()).unwrap_or_default();
                if status.code == Some(410) {
                    return Ok(Self::Gone);
                }
                let said = [status.reason, status.message].map(Option::unwrap_or_default).join(" ");
                let said: String = said.trim().chars().take(200).collect();
                let what = format!("the watch has failed: {} {}", status.code.unwrap_or_default(), said.escape_debug());
                Err(RegistryError::new(REGISTRY, Code::Unavailable, what))
            }
            _ => Ok(Self::Other),
        }
    }
}
