//! The EndpointSlices of a service.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use towerkit_endpoint::Code;

use super::REGISTRY;
use super::discovery::Pick;
use super::slice::{Object, Slice};
use crate::{Instance, RegistryError};

/// The most slices of a service.
const MOST_SLICES: usize = 10_000;
/// The most endpoints in all of them.
const MOST_ENDPOINTS: usize = 100_000;

/// All slices of a service, by name.
#[derive(Debug, Default)]
pub(super) struct Slices {
    slices: BTreeMap<String, Slice>,
    endpoints: usize,
}

impl Slices {
    /// Takes a slice, in place of what had its name; returns the version of it.
    pub(super) fn put(&mut self, object: &RawValue, pick: &Pick) -> Result<Option<String>, RegistryError> {
        let Some((name, version)) = named(object) else { return Ok(None) };
        self.take(&name);
        if let Some(slice) = Slice::read(object, pick) {
            self.endpoints += slice.endpoints.len();
            self.slices.insert(name, slice);
        }
        if self.slices.len() > MOST_SLICES || self.endpoints > MOST_ENDPOINTS {
            let what = format!("the service has more than {MOST_SLICES} slices or {MOST_ENDPOINTS} endpoints");
            return Err(RegistryError::malformed(REGISTRY, what));
        }
        Ok(version)
    }

    /// Forgets a slice; returns the version of its end.
    pub(super) fn remove(&mut self, object: &RawValue) -> Option<String> {
        let (name, version) = named(object)?;
        self.take(&name);
        version
    }

    fn take(&mut self, name: &str) {
        if let Some(slice) = self.slices.remove(name) {
            self.endpoints -= slice.endpoints.len();
        }
    }

    /// The instances of all slices.
    pub(super) fn instances(&self, pick: &Pick) -> Result<Vec<Instance>, RegistryError> {
        let invalid = |what| Err(RegistryError::new(REGISTRY, Code::InvalidArgument, what));
        if self.slices.values().any(|slice| slice.is_ambiguous) {
            return invalid("the service has several ports, and was not said which");
        }
        if self.endpoints == 0 && self.slices.values().any(|slice| slice.lacks_port) {
            return invalid("no slice of the service has the port");
        }
        let endpoints = || self.slices.values().flat_map(|slice| &slice.endpoints);
        let ready = endpoints().any(|endpoint| endpoint.is_ready);
        if !ready && !pick.terminating_as_last_resort {
            return Ok(Vec::new());
        }
        let wanted = || endpoints().filter(|endpoint| endpoint.is_ready == ready);
        let has_preferred = wanted().any(|endpoint| endpoint.is_ipv6 == pick.prefer_ipv6);
        let of_family = wanted().filter(|endpoint| !has_preferred || endpoint.is_ipv6 == pick.prefer_ipv6);
        Ok(of_family.map(|endpoint| endpoint.instance.clone()).collect())
    }
}

/// The name and the version of an object that has a name.
fn named(object: &RawValue) -> Option<(String, Option<String>)> {
    let metadata = Object::read(object)?.metadata;
    Some((metadata.name?, metadata.resource_version))
}
