//! What the routing service is asked and answers: paths of edges, where the domain has itineraries of legs.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::domain::error::Error;
use crate::domain::itinerary::{Itinerary, Leg};
use crate::domain::location::UnLocode;
use crate::domain::voyage::VoyageNumber;
use crate::wire;

#[derive(Clone, Serialize)]
pub(super) struct FindPaths {
    #[serde(with = "wire::text")]
    pub(super) from: UnLocode,
    #[serde(with = "wire::text")]
    pub(super) to: UnLocode,
}

/// One that is written in Go says `null` where it has found none.
#[derive(Deserialize)]
pub(super) struct Paths {
    pub(super) paths: Option<Vec<Path>>,
}

#[derive(Deserialize)]
pub(super) struct Path {
    edges: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    #[serde(with = "wire::text")]
    origin: UnLocode,
    #[serde(with = "wire::text")]
    destination: UnLocode,
    #[serde(with = "wire::text")]
    voyage: VoyageNumber,
    #[serde(with = "wire::instant")]
    departure: SystemTime,
    #[serde(with = "wire::instant")]
    arrival: SystemTime,
}

impl TryFrom<Path> for Itinerary {
    type Error = Error;

    fn try_from(path: Path) -> Result<Self, Error> {
        let leg = |Edge { origin: from, destination: to, voyage, departure: load_time, arrival: unload_time }| Leg {
            voyage,
            from,
            to,
            load_time,
            unload_time,
        };
        Self::new(path.edges.into_iter().map(leg).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_an_itinerary_with_the_same_legs() {
        let path: Path = serde_json::from_value(serde_json::json!({"edges": [{
            "origin": "SESTO", "destination": "DEHAM", "voyage": "V600",
            "departure": "2026-12-01T00:00:00Z", "arrival": "2026-12-02T00:00:00Z",
        }]}))
        .unwrap();
        let itinerary = Itinerary::try_from(path).unwrap();
        assert_eq!(itinerary.origin().to_string(), "SESTO");
        assert_eq!(itinerary.destination().to_string(), "DEHAM");
        assert_eq!(wire::rfc3339(itinerary.arrival()).unwrap(), "2026-12-02T00:00:00Z");
    }

    #[test]
    fn no_paths_may_be_said_in_three_ways() {
        for said in [r#"{"paths":[]}"#, r#"{"paths":null}"#, "{}"] {
            let paths: Paths = serde_json::from_str(said).unwrap();
            assert!(paths.paths.unwrap_or_default().is_empty(), "{said}");
        }
    }
}
