#[cfg(feature = "otlp")]
use std::any::Any;
use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

type Exporting<'a> = Pin<Box<dyn Future<Output = Result<(), Unexported>> + Send + 'a>>;

/// What did not get there, and why.
#[derive(Debug)]
pub(crate) struct Unexported {
    pub(crate) error: OTelSdkError,
    /// So many were rejected, for good; the others of the batch have arrived. Otherwise it is all of them.
    pub(crate) rejected: Option<usize>,
}

impl From<OTelSdkError> for Unexported {
    fn from(error: OTelSdkError) -> Self {
        Self { error, rejected: None }
    }
}

/// OpenTelemetry's trait in a form that can be boxed.
trait Export: Send + Sync {
    fn export(&self, batch: Vec<SpanData>) -> Exporting<'_>;
    fn set_resource(&mut self, resource: &Resource);
    fn shutdown(&self, within: Duration) -> OTelSdkResult;
}

impl<E: SpanExporter + 'static> Export for E {
    fn export(&self, batch: Vec<SpanData>) -> Exporting<'_> {
        // OpenTelemetry's result has no place for a part of a batch; ours says more.
        #[cfg(feature = "otlp")]
        if let Some(otlp) = (self as &dyn Any).downcast_ref::<crate::Otlp>() {
            return Box::pin(otlp.send(batch));
        }
        Box::pin(async { Ok(SpanExporter::export(self, batch).await?) })
    }

    fn set_resource(&mut self, resource: &Resource) {
        SpanExporter::set_resource(self, resource);
    }

    fn shutdown(&self, within: Duration) -> OTelSdkResult {
        self.shutdown_with_timeout(within)
    }
}

/// An exporter of any type. One that panics has failed, and no more than that.
pub(crate) struct Erased {
    name: &'static str,
    exporter: Box<dyn Export>,
}

impl Erased {
    pub(crate) fn new(exporter: impl SpanExporter + 'static) -> Self {
        Self { name: short_name(&exporter), exporter: Box::new(exporter) }
    }

    /// The name of its type.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }

    pub(crate) async fn export(&self, batch: Vec<SpanData>) -> Result<(), Unexported> {
        let mut exporting = caught(|| self.exporter.export(batch))?;
        std::future::poll_fn(|cx| match caught(|| exporting.as_mut().poll(cx)) {
            Ok(poll) => poll,
            Err(panicked) => Poll::Ready(Err(panicked.into())),
        })
        .await
    }

    pub(crate) fn shutdown(&self, within: Duration) -> OTelSdkResult {
        caught(|| self.exporter.shutdown(within))?
    }
}

fn caught<R>(run: impl FnOnce() -> R) -> Result<R, OTelSdkError> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| OTelSdkError::InternalFailure("the exporter panicked".into()))
}

/// `a::b::Zipkin<c::D>` is `Zipkin`.
fn short_name<E>(_: &E) -> &'static str {
    let path = type_name::<E>();
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

impl fmt::Debug for Erased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
