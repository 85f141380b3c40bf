//! Who finds routes: a context of its own, outside of this one.

use std::future::Future;

use super::itinerary::Itinerary;
use super::route_specification::RouteSpecification;

/// Finds routes.
pub(crate) trait RoutingService: Send + Sync + 'static {
    /// Itineraries from the origin to the destination; none where there are none, or where nobody can say just now.
    fn routes_for(&self, specification: &RouteSpecification) -> impl Future<Output = Vec<Itinerary>> + Send;
}
