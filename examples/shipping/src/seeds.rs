//! What is there from the start: six locations, the voyages, and two cargoes.

use std::error::Error;
use std::time::{Duration, SystemTime};

use crate::domain::cargo::Cargo;
use crate::domain::location::Location;
use crate::domain::route_specification::RouteSpecification;
use crate::domain::voyage::VoyageNumber;
use crate::in_memory::{Cargoes, Locations, Voyages};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// JNTKO for Tokyo is Go kit's spelling; the United Nations write JPTYO.
const LOCATIONS: [(&str, &str); 6] = [
    ("SESTO", "Stockholm"),
    ("AUMEL", "Melbourne"),
    ("CNHKG", "Hongkong"),
    ("JNTKO", "Tokyo"),
    ("NLRTM", "Rotterdam"),
    ("DEHAM", "Hamburg"),
];

/// Those of `routingsvc`, and then those of the routing service that goes with Go kit's sample.
const VOYAGES: [&str; 11] =
    ["V100", "V200", "V300", "V400", "V500", "V600", "0100S", "0200T", "0300A", "0301S", "0400S"];

/// The locations that are served.
pub(crate) fn locations() -> Result<Locations, Box<dyn Error + Send + Sync>> {
    let location = |(code, name): (&str, _)| Ok(Location { code: code.parse()?, name });
    LOCATIONS.into_iter().map(location).collect::<Result<_, _>>().map(Locations)
}

/// The voyages that are known.
pub(crate) fn voyages() -> Result<Voyages, Box<dyn Error + Send + Sync>> {
    Ok(Voyages(VOYAGES.into_iter().map(str::parse).collect::<Result<Vec<VoyageNumber>, _>>()?))
}

/// The cargoes that were booked before.
pub(crate) fn cargoes(now: SystemTime) -> Result<Cargoes, Box<dyn Error + Send + Sync>> {
    let cargo =
        |tracking_id: &str, origin: &str, destination: &str, deadline| -> Result<_, Box<dyn Error + Send + Sync>> {
            let specification = RouteSpecification::new(origin.parse()?, destination.parse()?, deadline)?;
            Ok(Cargo::new(tracking_id.parse()?, specification))
        };
    Ok(Cargoes::new([
        cargo("FTL456", "AUMEL", "SESTO", now + 7 * DAY)?,
        cargo("ABC123", "SESTO", "CNHKG", now + 14 * DAY)?,
    ]))
}
