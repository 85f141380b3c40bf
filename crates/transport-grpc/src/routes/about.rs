use std::sync::OnceLock;

use super::Routes;

/// The services that tell of the others, health and reflection. They are made when one of them is first asked for, so that it does not
/// matter in which order all were added.
#[derive(Clone, Default)]
pub(super) struct About {
    #[cfg(feature = "health")]
    pub(super) health: Option<towerkit_lifecycle::Health>,
    /// The encoded sets of descriptors.
    #[cfg(feature = "reflection")]
    pub(super) reflection: Option<std::sync::Arc<[Vec<u8>]>>,
    made: OnceLock<Routes>,
}

impl About {
    pub(super) fn names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        #[cfg(feature = "health")]
        if self.health.is_some() {
            names.push(super::health::NAME);
        }
        #[cfg(feature = "reflection")]
        if self.reflection.is_some() {
            names.extend(super::reflection::NAMES);
        }
        names
    }

    /// The names of all services are given, these too.
    pub(super) fn routes(&self, names: &[&'static str]) -> &Routes {
        self.made.get_or_init(|| {
            let routes = Routes::new();
            #[cfg(feature = "health")]
            let routes = match &self.health {
                Some(health) => super::health::add(routes, health, names),
                None => routes,
            };
            #[cfg(feature = "reflection")]
            let routes = match &self.reflection {
                Some(descriptors) => super::reflection::add(routes, descriptors, names),
                None => routes,
            };
            routes
        })
    }

    /// There is another service to tell of.
    pub(super) fn changed(&mut self) {
        self.made.take();
    }
}
