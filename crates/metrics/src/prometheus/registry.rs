use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use metrics::{Key, SharedString, Unit};
use tokio::time::Instant;

use super::family::{Counter, Gauge, Kind, Labels, Series, Value};
use super::histogram::Histogram;
use super::names::metric_name;
use super::refusals::Refusals;
use super::settings::Settings;

/// Every series, by name and labels.
#[derive(Debug)]
pub(super) struct Registry {
    pub(super) settings: Settings,
    families: BTreeMap<String, Family>,
    /// Whose each name on the page is.
    claimed: HashMap<String, String>,
    described: HashMap<String, Description>,
    refusals: Arc<Refusals>,
}

#[derive(Debug)]
struct Family {
    kind: Kind,
    series: BTreeMap<Labels, Arc<Series>>,
}

#[derive(Clone, Debug, Default)]
struct Description {
    unit: Option<Unit>,
    text: SharedString,
}

/// What a scrape sees of a family: it has a series at least.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) unit: Option<Unit>,
    pub(super) help: SharedString,
    pub(super) series: Vec<Arc<Series>>,
}

impl Registry {
    pub(super) fn new(refusals: Arc<Refusals>) -> Self {
        Self {
            settings: Settings::new(),
            families: BTreeMap::new(),
            claimed: HashMap::new(),
            described: HashMap::new(),
            refusals,
        }
    }

    pub(super) fn describe(&mut self, name: &str, kind: Kind, unit: Option<Unit>, text: SharedString) {
        let (name, _) = family(name, kind);
        let description = self.described.entry(name).or_default();
        // Who comes later may be refused.
        if description.text.is_empty() {
            *description = Description { unit, text };
        }
    }

    /// None where the name is another's.
    pub(super) fn counter(&mut self, key: &Key) -> Option<Arc<Counter>> {
        match self.register(key, Kind::Counter)? {
            Value::Counter(counter) => Some(counter),
            Value::Gauge(_) | Value::Histogram(_) => None,
        }
    }

    /// None where the name is another's.
    pub(super) fn gauge(&mut self, key: &Key) -> Option<Arc<Gauge>> {
        match self.register(key, Kind::Gauge)? {
            Value::Gauge(gauge) => Some(gauge),
            Value::Counter(_) | Value::Histogram(_) => None,
        }
    }

    /// None where the name is another's.
    pub(super) fn histogram(&mut self, key: &Key) -> Option<Arc<Histogram>> {
        match self.register(key, Kind::Histogram)? {
            Value::Histogram(histogram) => Some(histogram),
            Value::Counter(_) | Value::Gauge(_) => None,
        }
    }

    fn register(&mut self, key: &Key, kind: Kind) -> Option<Value> {
        let (name, kind) = family(key.name(), kind);
        if !self.claim(&name, kind) {
            self.refusals.name_taken();
            return None;
        }
        let (settings, refusals) = (&self.settings, &self.refusals);
        let new = || match kind {
            Kind::Counter => Value::Counter(Arc::default()),
            Kind::Gauge | Kind::FractionalCounter => Value::Gauge(Arc::default()),
            Kind::Histogram => Value::Histogram(Arc::new(Histogram::new(
                settings.bounds(&name),
                settings.native(&name),
                refusals.clone(),
            ))),
        };
        let labels = Labels::new(key, kind);
        let family = self.families.entry(name.clone()).or_insert_with(|| Family { kind, series: BTreeMap::new() });
        let series =
            family.series.entry(labels).or_insert_with_key(|labels| Arc::new(Series::new(labels.clone(), new())));
        Some(series.value.clone())
    }

    /// Whether the family may stand on the page beside what is there.
    fn claim(&mut self, name: &str, kind: Kind) -> bool {
        if let Some(family) = self.families.get(name) {
            return family.kind == kind;
        }
        let claims = kind.claims(name);
        let free = claims.iter().all(|claim| self.claimed.get(claim).is_none_or(|owner| owner == name));
        if free {
            self.claimed.extend(claims.into_iter().map(|claim| (claim, name.to_owned())));
        }
        free
    }

    /// What is to be on the page. What was idle for too long is not; where nobody holds it either, it is forgotten.
    pub(super) fn pages(&mut self) -> Vec<Page> {
        let (idle, now) = (self.settings.idle, Instant::now());
        let mut pages = Vec::with_capacity(self.families.len());
        for (name, family) in &mut self.families {
            let mut series = Vec::with_capacity(family.series.len());
            family.series.retain(|_, one| {
                if idle.is_some_and(|after| one.is_idle(now, after)) {
                    return one.value.is_held();
                }
                series.push(one.clone());
                true
            });
            if !series.is_empty() {
                let Description { unit, text } = self.described.get(name).cloned().unwrap_or_default();
                pages.push(Page { name: name.clone(), kind: family.kind, unit, help: text, series });
            }
        }
        pages
    }
}

/// The name and the kind of a family. A counter's ends in `_total`, and what ends so is a counter.
fn family(name: &str, kind: Kind) -> (String, Kind) {
    let mut name = metric_name(name);
    let is_total = name.ends_with("_total");
    match kind {
        Kind::Counter if !is_total => name.push_str("_total"),
        Kind::Gauge if is_total => return (name, Kind::FractionalCounter),
        _ => {}
    }
    (name, kind)
}
