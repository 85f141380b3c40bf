//! Against InfluxDB 1.6, and read back by its own queries. Servers that fail in ways a real one can't be asked to, and the requests of version
//! 2, of which there is no server here, are seen by a server of the tests' own.

mod failure;
mod names;
mod requests;
mod server;
mod values;

use metrics::{Key, Label, Level, Metadata, Recorder};
use towerkit_metrics::push::Store;
use towerkit_metrics::{Counter, Gauge, Histogram};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

fn key(name: &str, labels: &[(&str, &str)]) -> Key {
    let label = |(name, value): &(&str, &str)| Label::new((*name).to_owned(), (*value).to_owned());
    Key::from_parts(name.to_owned(), labels.iter().map(label).collect::<Vec<_>>())
}

fn counter(store: &Store, name: &str, labels: &[(&str, &str)]) -> Counter {
    store.register_counter(&key(name, labels), &METADATA)
}

fn gauge(store: &Store, name: &str) -> Gauge {
    store.register_gauge(&key(name, &[]), &METADATA)
}

fn histogram(store: &Store, name: &str) -> Histogram {
    store.register_histogram(&key(name, &[]), &METADATA)
}
