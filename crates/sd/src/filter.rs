//! What [`EndpointerBuilder::filter`](crate::EndpointerBuilder::filter) may ask of an instance.
//!
//! ```
//! use towerkit_sd::{Instance, filter};
//!
//! let instance = Instance::new("10.0.0.7", 8081).with_tag("prod").with_label("shard", "3").with_version("1.4.2");
//! assert!(filter::tag("prod")(&instance));
//! assert!(filter::label("shard", "3")(&instance));
//! assert!(filter::version("1.4.2")(&instance));
//! assert!(!filter::zone("eu-1a")(&instance));
//! ```

use crate::Instance;

/// It has a tag.
pub fn tag(tag: impl Into<String>) -> impl Fn(&Instance) -> bool + Send + Sync + 'static {
    let tag = tag.into();
    move |instance| instance.has_tag(&tag)
}

/// It has a label of this value.
pub fn label(name: impl Into<String>, value: impl Into<String>) -> impl Fn(&Instance) -> bool + Send + Sync + 'static {
    let (name, value) = (name.into(), value.into());
    move |instance| instance.label(&name) == Some(&value)
}

/// It stands in this zone.
pub fn zone(zone: impl Into<String>) -> impl Fn(&Instance) -> bool + Send + Sync + 'static {
    let zone = zone.into();
    move |instance| instance.zone() == Some(&zone)
}

/// It runs this version, letter by letter.
pub fn version(version: impl Into<String>) -> impl Fn(&Instance) -> bool + Send + Sync + 'static {
    let version = version.into();
    move |instance| instance.version() == Some(&version)
}
