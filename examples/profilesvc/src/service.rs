//! The domain: what the service does, and how it can fail.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// A person. The capitals are what callers of Go services may send, whose JSON does not mind case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// By which it is found.
    #[serde(alias = "ID")]
    pub id: String,
    /// What the person is called.
    #[serde(alias = "Name", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where the person lives, in the order they were added.
    #[serde(alias = "Addresses", skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
}

/// A place where a person lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// By which it is found, among those of its profile.
    #[serde(alias = "ID")]
    pub id: String,
    /// Where it is.
    #[serde(alias = "Location", skip_serializing_if = "String::is_empty")]
    pub location: String,
}

/// Keeps profiles.
pub trait ProfileService: Send + Sync + 'static {
    /// Adds a profile that is not there yet.
    fn post_profile(&self, profile: Profile) -> impl Future<Output = Result<(), ProfileError>> + Send;

    /// The profile of an id.
    fn get_profile(&self, id: String) -> impl Future<Output = Result<Profile, ProfileError>> + Send;

    /// Adds a profile, or replaces the one that is there.
    fn put_profile(&self, id: String, profile: Profile) -> impl Future<Output = Result<(), ProfileError>> + Send;

    /// Sets what is not empty, in a profile that is there.
    fn patch_profile(&self, id: String, profile: Profile) -> impl Future<Output = Result<(), ProfileError>> + Send;

    /// Removes a profile.
    fn delete_profile(&self, id: String) -> impl Future<Output = Result<(), ProfileError>> + Send;

    /// All addresses of a profile.
    fn get_addresses(&self, id: String) -> impl Future<Output = Result<Vec<Address>, ProfileError>> + Send;

    /// One address of a profile, by its id.
    fn get_address(&self, id: String, address: String) -> impl Future<Output = Result<Address, ProfileError>> + Send;

    /// Adds an address that its profile does not have yet.
    fn post_address(&self, id: String, address: Address) -> impl Future<Output = Result<(), ProfileError>> + Send;

    /// Removes an address, by its id.
    fn delete_address(&self, id: String, address: String) -> impl Future<Output = Result<(), ProfileError>> + Send;
}

/// What the business rules refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileError {
    /// A profile or an address has this id already.
    AlreadyExists,
    /// No profile or address has this id.
    NotFound,
    /// A profile was to be kept under an id that is not its own.
    InconsistentIds,
    /// A profile or an address has no id, or one that no path can hold, so that nobody would find it.
    NoId,
    /// There are too many profiles, or this one is too large.
    Full,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyExists => "already exists",
            Self::NotFound => "not found",
            Self::InconsistentIds => "inconsistent IDs",
            Self::NoId => "an id is empty, . or ..",
            Self::Full => "no room for it",
        })
    }
}

impl std::error::Error for ProfileError {}

impl ProfileError {
    /// A rule: where this holds, that is the error.
    fn when(self, holds: bool) -> Result<(), Self> {
        if holds { Err(self) } else { Ok(()) }
    }
}

/// Keeps profiles for as long as the process lives.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<Profiles>);

/// By their ids.
type Profiles = HashMap<String, Profile>;

/// The most profiles that are kept.
const MOST_PROFILES: usize = 10_000;

/// The most bytes that one of them takes, with its addresses.
const MOST_BYTES: usize = 16 << 10;

impl ProfileService for InMemory {
    async fn post_profile(&self, profile: Profile) -> Result<(), ProfileError> {
        let mut profiles = self.lock();
        ProfileError::AlreadyExists.when(profiles.contains_key(&profile.id))?;
        keep(&mut profiles, profile)
    }

    async fn get_profile(&self, id: String) -> Result<Profile, ProfileError> {
        self.lock().get(&id).cloned().ok_or(ProfileError::NotFound)
    }

    async fn put_profile(&self, id: String, profile: Profile) -> Result<(), ProfileError> {
        ProfileError::InconsistentIds.when(profile.id != id)?;
        keep(&mut self.lock(), profile)
    }

    async fn patch_profile(&self, id: String, profile: Profile) -> Result<(), ProfileError> {
        ProfileError::InconsistentIds.when(!profile.id.is_empty() && profile.id != id)?;
        self.change(&id, |known| {
            if !profile.name.is_empty() {
                known.name = profile.name;
            }
            if !profile.addresses.is_empty() {
                known.addresses = profile.addresses;
            }
            Ok(())
        })
    }

    async fn delete_profile(&self, id: String) -> Result<(), ProfileError> {
        self.lock().remove(&id).map(drop).ok_or(ProfileError::NotFound)
    }

    async fn get_addresses(&self, id: String) -> Result<Vec<Address>, ProfileError> {
        self.get_profile(id).await.map(|profile| profile.addresses)
    }

    async fn get_address(&self, id: String, address: String) -> Result<Address, ProfileError> {
        let mut addresses = self.get_addresses(id).await?.into_iter();
        addresses.find(|known| known.id == address).ok_or(ProfileError::NotFound)
    }

    async fn post_address(&self, id: String, address: Address) -> Result<(), ProfileError> {
        self.change(&id, |profile| {
            profile.addresses.push(address);
            Ok(())
        })
    }

    async fn delete_address(&self, id: String, address: String) -> Result<(), ProfileError> {
        self.change(&id, |profile| {
            let place = profile.addresses.iter().position(|known| known.id == address);
            profile.addresses.remove(place.ok_or(ProfileError::NotFound)?);
            Ok(())
        })
    }
}

impl InMemory {
    fn lock(&self) -> MutexGuard<'_, Profiles> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a profile, or leaves it as it is where that can't be done.
    fn change(&self, id: &str, how: impl FnOnce(&mut Profile) -> Result<(), ProfileError>) -> Result<(), ProfileError> {
        let mut profiles = self.lock();
        let mut profile = profiles.get(id).cloned().ok_or(ProfileError::NotFound)?;
        how(&mut profile)?;
        keep(&mut profiles, profile)
    }
}

/// Keeps a profile, new or changed, where it can be found again and there is room.
fn keep(profiles: &mut Profiles, profile: Profile) -> Result<(), ProfileError> {
    let Profile { id, name, addresses } = &profile;
    let mut ids = addresses.iter().map(|address| &address.id);
    ProfileError::NoId.when(ids.clone().chain([id]).any(|id| matches!(&**id, "" | "." | "..")))?;
    let mut seen = HashSet::new();
    ProfileError::AlreadyExists.when(!ids.all(|id| seen.insert(id)))?;
    let bytes = |address: &Address| size_of::<Address>() + address.id.len() + address.location.len();
    ProfileError::Full.when(id.len() + name.len() + addresses.iter().map(bytes).sum::<usize>() > MOST_BYTES)?;
    ProfileError::Full.when(profiles.len() >= MOST_PROFILES && !profiles.contains_key(id))?;
    profiles.insert(id.clone(), profile);
    Ok(())
}
