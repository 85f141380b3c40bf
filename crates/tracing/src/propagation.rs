mod b3;
mod hex;
pub(crate) mod w3c;

use std::str::FromStr;

use http::HeaderName;
use opentelemetry::trace::TraceState;
use towerkit_endpoint::{Context, Metadata, SpanId, TraceContext, TraceId};

/// A form in which a trace is written into metadata: headers of HTTP and NATS, metadata of gRPC.
///
/// ```
/// use towerkit_tracing::{Propagation, Tracer};
///
/// // Among services that are traced by Zipkin's libraries.
/// let (tracer, _exporter) = Tracer::builder("addsvc")
///     .reads([Propagation::B3Single, Propagation::B3Multi, Propagation::W3c])
///     .writes([Propagation::B3Single, Propagation::W3c])
///     .build();
/// # drop(tracer);
/// ```
///
/// What is malformed is as if it were not there, and a new trace begins; so do the standards have it. Nothing of it is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Propagation {
    /// `traceparent` and `tracestate`: W3C Trace Context. A version above 00 is read as 00, as far as it is known, and 00 is written.
    ///
    /// `tracestate` goes on as it came where it is valid, up to 512 bytes: of a longer one, entries of more than 128 bytes
    /// go first, then the last ones (section 3.3.1.5).
    W3c,
    /// [B3](https://github.com/openzipkin/b3-propagation) in one header, `b3`. Ids of 64 bits are padded with zeros.
    B3Single,
    /// B3 in several headers, `x-b3-traceid` and so on.
    B3Multi,
}

/// What a caller says of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    /// None where it says only whether to record.
    pub(crate) ids: Option<(TraceId, SpanId)>,
    /// None where it leaves that open.
    pub(crate) sampled: Option<bool>,
    /// B3's: it is recorded whatever else anyone decides, and that is passed on.
    pub(crate) debug: bool,
    pub(crate) form: Propagation,
}

/// B3's debug flag, where it is set: carried to outgoing calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Debug;

pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The first form that is there and valid.
pub(crate) fn extract(forms: &[Propagation], metadata: &Metadata) -> Option<Remote> {
    if metadata.is_empty() {
        return None;
    }
    forms.iter().find_map(|form| match form {
        Propagation::W3c => w3c::extract(metadata),
        Propagation::B3Single => b3::extract_single(metadata),
        Propagation::B3Multi => b3::extract_multi(metadata),
    })
}

/// Writes a trace, in place of whatever stands there.
pub(crate) fn inject(
    forms: &[Propagation],
    metadata: &mut Metadata,
    trace: TraceContext,
    parent: Option<SpanId>,
    debug: bool,
) {
    let keeps_state = forms.contains(&Propagation::W3c);
    if !metadata.is_empty() {
        for name in Context::TRACE_METADATA {
            if name != TRACESTATE || !keeps_state {
                metadata.remove(name);
            }
        }
    }
    for form in forms {
        match form {
            Propagation::W3c => w3c::inject(metadata, trace),
            Propagation::B3Single => b3::inject_single(metadata, trace, parent, debug),
            Propagation::B3Multi => b3::inject_multi(metadata, trace, parent, debug),
        }
    }
}

/// Removes a trace that is not to be passed on.
pub(crate) fn forget(metadata: &mut Metadata) {
    if !metadata.is_empty() {
        Context::TRACE_METADATA.iter().for_each(|name| drop(metadata.remove(name)));
    }
}

/// The `tracestate` that stands in metadata, for a span.
pub(crate) fn state(metadata: &Metadata) -> TraceState {
    metadata.get(TRACESTATE).and_then(|state| TraceState::from_str(state).ok()).unwrap_or_default()
}

/// The one value of a name; none where there are several.
fn only(metadata: &Metadata, name: HeaderName) -> Option<&[u8]> {
    let mut values = metadata.get_all(name);
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes().trim_ascii())
}
