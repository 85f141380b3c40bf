//! The domain: cargoes that are sent from one location to another on voyages, and what becomes of them on their way.
//!
//! | file | is |
//! | --- | --- |
//! | `location` | a place, and its UN/LOCODE |
//! | `voyage` | a carrier's voyage |
//! | `route_specification` | where a cargo is to go, and by when |
//! | `itinerary` | how it goes there: legs, each on a voyage |
//! | `handling` | what was done to it, and the history of that |
//! | `delivery` | how it stands: what follows from the three above |
//! | `cargo` | the aggregate of all that |
//! | `error` | why something is refused |
//! | `repository` | where cargoes, locations and voyages are kept |
//! | `routing` | who finds routes |
//!
//! It knows neither a network nor a format, nor what serves it.

pub(crate) mod cargo;
pub(crate) mod delivery;
pub(crate) mod error;
pub(crate) mod handling;
pub(crate) mod itinerary;
pub(crate) mod location;
pub(crate) mod repository;
pub(crate) mod route_specification;
pub(crate) mod routing;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod voyage;
