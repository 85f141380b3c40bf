//! A tracer whose spans can be looked at.

use std::fmt;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::Value;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tower::util::ServiceFn;
use tower::{Layer, Service, ServiceExt, service_fn};
use towerkit_endpoint::{Context, Error, Request};
use towerkit_lifecycle::{Member, Running};
use towerkit_testing::events::Events;
use towerkit_tracing::{Tracer, TracerBuilder};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An exporter that keeps what it gets, and does as it is told.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    pub(crate) spans: Events<SpanData>,
    /// The sizes of the batches, those that failed too.
    pub(crate) batches: Events<usize>,
    pub(crate) mode: Arc<Mutex<Mode>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Keep,
    Fail,
    Hang,
    Panic,
}

impl Kept {
    pub(crate) fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.batches.push(batch.len());
        let mode = *self.mode.lock().unwrap();
        match mode {
            Mode::Keep => batch.into_iter().for_each(|span| self.spans.push(span)),
            Mode::Fail => return Err(OTelSdkError::InternalFailure("no space left".into())),
            Mode::Hang => std::future::pending().await,
            Mode::Panic => panic!("a defect of the exporter"),
        }
        Ok(())
    }
}

/// A tracer with its exporter running.
pub(crate) struct Rig {
    pub(crate) tracer: Tracer,
    pub(crate) kept: Kept,
    _running: Running,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(set: impl FnOnce(TracerBuilder) -> TracerBuilder) -> Self {
        let kept = Kept::default();
        let (tracer, exporter) = set(Tracer::builder("addsvc")).export(kept.clone()).build();
        Self { tracer, kept, _running: exporter.spawn() }
    }

    /// All spans that have ended.
    pub(crate) async fn spans(&self) -> Vec<SpanData> {
        assert!(self.tracer.flush(PATIENCE).await, "flushed");
        self.kept.spans.snapshot()
    }

    /// The only span that has ended.
    pub(crate) async fn span(&self) -> SpanData {
        let mut spans = self.spans().await;
        assert_eq!(spans.len(), 1, "{spans:#?}");
        spans.remove(0)
    }
}

/// A handler of any request.
pub(crate) type Handler<R> = ServiceFn<fn(Request<()>) -> Ready<Result<R, Error>>>;

/// One that replies with the context that it was called in.
pub(crate) fn echo() -> Handler<Context> {
    service_fn(|request: Request<()>| ready(Ok(request.into_parts().0)))
}

/// One call through a layer, with metadata; the context that the handler saw.
pub(crate) async fn through<L>(layer: &L, headers: &[(&str, &str)]) -> Context
where
    L: Layer<Handler<Context>, Service: Service<Request<()>, Response = Context, Error = Error>>,
{
    layer.layer(echo()).oneshot(request(headers)).await.unwrap()
}

pub(crate) fn request(headers: &[(&str, &str)]) -> Request<()> {
    let mut context = Context::new();
    for (name, value) in headers {
        context.metadata_mut().append(name.parse().unwrap(), value.parse().unwrap());
    }
    Request::with_context(context, ())
}

/// The text of an attribute.
pub(crate) fn attribute(span: &SpanData, name: &str) -> Option<String> {
    span.attributes.iter().find(|attribute| attribute.key.as_str() == name).map(|found| text(&found.value))
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().into_owned()
}

pub(crate) fn find<'a>(spans: &'a [SpanData], name: &str) -> &'a SpanData {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} in {spans:#?}"))
}
