use std::sync::{Arc, OnceLock};

use super::Routes;

/// The services that tell of the others, health and reflection. They are made when one of them is first called, so that it does not
/// matter in which order all were added.
#[derive(Clone, Default)]
pub(super) struct About {
    names: Vec<&'static str>,
    // Behind pointers, so that a program has the code of those alone that it added.
    makers: Vec<Arc<Make>>,
    made: OnceLock<Routes>,
}

/// Adds services to the routes that tell of those of the given names.
type Make = dyn Fn(Routes, &[&'static str]) -> Routes + Send + Sync;

impl About {
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().copied()
    }

    /// Given the names of all services, these too, for the first time.
    pub(super) fn routes(&self, names: impl FnOnce() -> Vec<&'static str>) -> &Routes {
        self.made.get_or_init(|| {
            let names = names();
            self.makers.iter().fold(Routes::new(), |routes, make| make(routes, &names))
        })
    }

    /// There is another service to tell of.
    pub(super) fn changed(&mut self) {
        self.made.take();
    }
}

impl Routes {
    /// Adds services of these names, which are to know those of all services.
    ///
    /// # Panics
    ///
    /// Where one is there already.
    pub(super) fn about<const N: usize>(
        mut self,
        names: [&'static str; N],
        make: impl Fn(Self, &[&'static str]) -> Self + Send + Sync + 'static,
    ) -> Self {
        let taken = self.services();
        for name in names {
            assert!(!taken.contains(&name), "the service {name} is there already");
        }
        let about = &mut self.table().about;
        about.names.extend(names);
        about.makers.push(Arc::new(make));
        self
    }
}
