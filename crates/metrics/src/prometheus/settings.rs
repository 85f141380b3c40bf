use std::sync::Arc;
use std::time::Duration;

use super::native::{Bounds, Native};

/// Seconds, from half a millisecond on: what calls take.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bytes, from 64 to 64 MiB, by fours.
const BYTES: [f64; 11] =
    [64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0, 67_108_864.0];

/// What histograms are made with, and how long a series may be idle.
#[derive(Debug)]
pub(super) struct Settings {
    /// Bounds by the end of the name.
    buckets: Vec<(String, Arc<[f64]>)>,
    /// The ends of the names that have native buckets too, with their resolution and how many there may be.
    native: Vec<(String, i8, usize)>,
    native_bounds: Arc<Bounds>,
    pub(super) idle: Option<Duration>,
}

impl Settings {
    pub(super) fn new() -> Self {
        let mut settings =
            Self { buckets: Vec::new(), native: Vec::new(), native_bounds: Arc::new(Bounds::new()), idle: None };
        settings.set_buckets(String::new(), SECONDS);
        settings.set_buckets("_bytes".to_owned(), BYTES);
        settings
    }

    pub(super) fn set_buckets(&mut self, names: String, bounds: impl IntoIterator<Item = f64>) {
        // The last bucket has no bound, and needs none given.
        let mut bounds: Vec<_> =
            bounds.into_iter().filter(|bound| bound.is_finite()).map(|bound| bound + 0.0).collect();
        bounds.sort_unstable_by(f64::total_cmp);
        bounds.dedup();
        self.buckets.retain(|(had, _)| *had != names);
        self.buckets.push((names, bounds.into()));
    }

    pub(super) fn set_native(&mut self, names: String, schema: i8, most: usize) {
        self.native.retain(|(had, ..)| *had != names);
        self.native.push((names, schema, most));
    }

    pub(super) fn bounds(&self, name: &str) -> Arc<[f64]> {
        longest(&self.buckets, name, |(end, _)| end).map_or_else(|| [].into(), |(_, bounds)| bounds.clone())
    }

    pub(super) fn native(&self, name: &str) -> Option<Native> {
        let (_, schema, most) = longest(&self.native, name, |(end, ..)| end)?;
        Some(Native::new(self.native_bounds.clone(), *schema, *most))
    }
}

/// The one that tells most of the name's end.
fn longest<'a, V>(settings: &'a [V], name: &str, end: impl Fn(&V) -> &str) -> Option<&'a V> {
    settings.iter().filter(|setting| name.ends_with(end(setting))).max_by_key(|setting| end(setting).len())
}
