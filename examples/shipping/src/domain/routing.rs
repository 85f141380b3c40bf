//! Who finds routes: a context of its own, outside of this one.

use std::future::Future;

use super::itinerary::Itinerary;
use super::route_specification::RouteSpecification;

/// Finds routes.
pub(crate) trait RoutingService: Send + Sync + 'static {
    /// What is handed on of the call that is served: how long it may take, and what it is part of. The domain hands it
    /// on, and does not look into it.
    type Caller: Send;

    /// Itineraries from the origin to the destination; none where there are none, or where nobody can say just now.
    fn routes_for(
        &self,
        specification: &RouteSpecification,
        caller: Self::Caller,
    ) -> impl Future<Output = Vec<Itinerary>> + Send;
}
