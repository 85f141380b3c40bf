use towerkit_endpoint::Code;

use super::{Discovery, Registration};
use crate::RegistryError;

/// What errors call it.
pub(super) const REGISTRY: &str = "mdns";

/// Where it speaks, and listens. Nothing runs until there is an instancer or a registration.
#[derive(Clone, Debug)]
pub struct Mdns {
    pub(super) interfaces: Interfaces,
    pub(super) port: u16,
}

/// The interfaces on which it speaks and listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interfaces {
    /// All, as they come and go: what is registered is told to everybody on all networks of the machine.
    All,
    /// The machine with itself. Nobody else hears of it.
    Loopback,
    /// Those of these names: `eth0`.
    Named(Vec<String>),
}

impl Mdns {
    /// On these interfaces.
    #[must_use]
    pub const fn new(interfaces: Interfaces) -> Self {
        Self { interfaces, port: mdns_sd::MDNS_PORT }
    }

    /// Speaks on another port than 5353, with those who do the same.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// The instances of a service: `addsvc` stands for `_addsvc._tcp.local.`.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, where it is no name of a service: 1 to 15 letters, digits and single hyphens, with a letter,
    /// and no hyphen at an end (RFC 6335, section 5.1).
    pub fn service(&self, name: &str) -> Result<Discovery, RegistryError> {
        Ok(Discovery::new(self.clone(), kind(name)?))
    }

    /// How an instance of a service is registered: for a [`Registrar`](crate::Registrar).
    ///
    /// # Errors
    ///
    /// As [`service`](Self::service).
    pub fn registration(&self, name: &str) -> Result<Registration, RegistryError> {
        Ok(Registration::new(self.clone(), kind(name)?))
    }
}

fn kind(name: &str) -> Result<String, RegistryError> {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let hyphens = name.starts_with('-') || name.ends_with('-') || name.contains("--");
    let length = (1..=15).contains(&name.len());
    if length && letters && !hyphens && name.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return Ok(format!("_{name}._tcp.local."));
    }
    let what = format!("`{}` is no name of a service: 1 to 15 letters, digits and hyphens", name.escape_default());
    Err(RegistryError::new(REGISTRY, Code::InvalidArgument, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_of_a_service_is_refused() {
        for name in ["", "-a", "a-", "a--b", "1234", "abcdefghijklmnop", "add svc", "add.svc", "_addsvc", "äddsvc"] {
            let mdns = Mdns::new(Interfaces::Loopback);
            assert_eq!(mdns.service(name).unwrap_err().code(), Code::InvalidArgument, "{name}");
            assert_eq!(mdns.registration(name).unwrap_err().code(), Code::InvalidArgument, "{name}");
        }
        assert_eq!(kind("add-svc2").unwrap(), "_add-svc2._tcp.local.");
    }
}
