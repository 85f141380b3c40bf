use std::borrow::Cow;
use std::sync::Arc;

use opentelemetry::{InstrumentationScope, Key, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter;

use crate::export::{Erased, Queue};
use crate::tracer::{Core, Ids};
use crate::{Exporter, Limits, Propagation, Sampler, Tracer, semantics};

/// Makes a [`Tracer`] and its [`Exporter`].
#[derive(Debug)]
#[must_use = "it makes nothing until it is built"]
pub struct TracerBuilder {
    resource: Vec<KeyValue>,
    exporters: Vec<Erased>,
    sampler: Sampler,
    limits: Limits,
    reads: Vec<Propagation>,
    writes: Vec<Propagation>,
    baggage: Vec<Box<str>>,
    baggage_attributes: bool,
}

impl TracerBuilder {
    pub(crate) fn new(service: String) -> Self {
        let sdk = KeyValue::new("telemetry.sdk.name", "towerkit");
        let version = KeyValue::new("telemetry.sdk.version", env!("CARGO_PKG_VERSION"));
        let language = KeyValue::new("telemetry.sdk.language", "rust");
        Self {
            resource: vec![KeyValue::new("service.name", service), sdk, version, language],
            exporters: Vec::new(),
            sampler: Sampler::default(),
            limits: Limits::default(),
            reads: vec![Propagation::W3c, Propagation::B3Single, Propagation::B3Multi],
            writes: vec![Propagation::W3c],
            baggage: Vec::new(),
            baggage_attributes: false,
        }
    }

    /// Sets the version of the service: the resource attribute `service.version`.
    pub fn version(self, version: impl Into<Cow<'static, str>>) -> Self {
        self.resource("service.version", version.into())
    }

    /// Adds an attribute of the resource, which is what all spans are of: `deployment.environment.name`, `service.instance.id`. Nothing is
    /// read from the environment or the host.
    pub fn resource(mut self, key: impl Into<Key>, value: impl Into<Value>) -> Self {
        self.resource.push(KeyValue::new(key, value));
        self
    }

    /// Adds an exporter: `Zipkin`, `Otlp`, or any of OpenTelemetry's trait. Each of several gets all spans. Without one nothing is
    /// collected, while traces still go through and on.
    pub fn export(mut self, exporter: impl SpanExporter + 'static) -> Self {
        self.exporters.push(Erased::new(exporter));
        self
    }

    /// Sets which traces are recorded. By default all that begin here, and as the caller has decided for others.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = sampler;
        self
    }

    /// Sets the forms in which the caller's trace is looked for, in this order; the first valid one counts. By default W3C's, B3 in one header,
    /// B3 in several.
    pub fn reads(mut self, forms: impl IntoIterator<Item = Propagation>) -> Self {
        self.reads = forms.into_iter().collect();
        self
    }

    /// Sets the forms in which the trace is written into outgoing calls. By default W3C's alone.
    pub fn writes(mut self, forms: impl IntoIterator<Item = Propagation>) -> Self {
        self.writes = forms.into_iter().collect();
        self
    }

    /// Sets the names of the [baggage](crate::Baggage) that is taken in and passed on. By default none is.
    pub fn baggage(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.baggage = names.into_iter().map(|name| name.into().into_boxed_str()).collect();
        self
    }

    /// Writes the baggage into the spans of requests, as attributes named `baggage.` and its name.
    pub const fn baggage_attributes(mut self) -> Self {
        self.baggage_attributes = true;
        self
    }

    /// Sets how large a span may become.
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The tracer, and what carries its spans away.
    #[must_use]
    pub fn build(self) -> (Tracer, Exporter) {
        let resource = Resource::builder_empty().with_schema_url(self.resource, semantics::SCHEMA).build();
        let ways: Vec<_> = self
            .exporters
            .into_iter()
            .map(|mut exporter| {
                exporter.set_resource(&resource);
                (Arc::new(Queue::new(Exporter::QUEUE, Exporter::BATCH)), exporter)
            })
            .collect();
        let tracer = Tracer::new(Core {
            queues: ways.iter().map(|(queue, _)| Arc::clone(queue)).collect(),
            sampler: self.sampler,
            limits: self.limits,
            reads: self.reads,
            writes: self.writes,
            baggage: self.baggage.into(),
            baggage_attributes: self.baggage_attributes,
            scope: InstrumentationScope::builder("towerkit")
                .with_version(env!("CARGO_PKG_VERSION"))
                .with_schema_url(semantics::SCHEMA)
                .build(),
            ids: Ids::new(),
        });
        (tracer, Exporter::new(ways))
    }
}
