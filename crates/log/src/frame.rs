//! What is known of the moment: the fields that a scope or a request has, on a stack of each thread.

use std::net::SocketAddr;
use std::sync::Arc;

use http::HeaderValue;
use towerkit_endpoint::TraceContext;
use tracing::dispatcher::{self, DefaultGuard};

use crate::core::{Core, Handle};
use crate::format::{Encoded, Format, Names, Value};
use crate::request::Settings;

/// One level of the stack.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// The fields bound to a logger.
    Bound(Arc<Encoded>),
    /// A request under way.
    Request(RequestFrame),
    /// The stack of another moment, the innermost first. It hides what is below it.
    Followed(Arc<[Self]>),
}

/// What a request's lines tell of it. It is moved on and off the stack around each poll, and written only where there is a line.
#[derive(Clone, Debug)]
pub(crate) struct RequestFrame {
    pub(crate) settings: Arc<Settings>,
    pub(crate) trace: Option<TraceContext>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) via: Option<&'static str>,
    pub(crate) id: RequestId,
}

#[derive(Clone, Debug)]
pub(crate) enum RequestId {
    /// A call of another service without one.
    None,
    Given(HeaderValue),
    Made(u64),
}

impl Frame {
    pub(crate) fn write(&self, fields: &mut Encoded, format: Format) {
        match self {
            Self::Bound(bound) => fields.append(format, bound),
            Self::Request(request) => request.write(fields, format),
            Self::Followed(frames) => frames.iter().for_each(|frame| frame.write(fields, format)),
        }
    }
}

impl RequestFrame {
    fn write(&self, fields: &mut Encoded, format: Format) {
        let Self { settings, trace, peer, via, id } = self;
        fields.append(format, &settings.operation);
        if let Some(peer) = peer {
            fields.field(format, Names::Own, "peer", Value::Address(*peer));
        }
        if let Some(via) = via {
            fields.field(format, Names::Own, "via", Value::Token(via));
        }
        match id {
            RequestId::None => {}
            RequestId::Given(id) => {
                fields.field(format, Names::Own, "request_id", Value::Text(id.to_str().unwrap_or_default()));
            }
            RequestId::Made(id) => {
                let digits = hex(*id);
                fields.field(
                    format,
                    Names::Own,
                    "request_id",
                    Value::Token(str::from_utf8(&digits).unwrap_or_default()),
                );
            }
        }
        if let Some(trace) = trace {
            let (trace_id, span_id) = (trace.trace_id().to_hex(), trace.span_id().to_hex());
            fields.field(format, Names::Own, "trace_id", Value::Token(str::from_utf8(&trace_id).unwrap_or_default()));
            fields.field(format, Names::Own, "span_id", Value::Token(str::from_utf8(&span_id).unwrap_or_default()));
        }
        fields.append(format, &settings.bound);
    }
}

fn hex(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(number.to_be_bytes()) {
        let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    digits
}

/// While it lives its frame is on the stack of this thread, and what `tracing` has to tell goes to its logger. Dropped, by a panic
/// too, it puts the frame back into where it came from.
pub(crate) struct Entered<'a> {
    core: &'a Core,
    slot: &'a mut Option<Frame>,
    pushed: bool,
    _default: DefaultGuard,
}

impl<'a> Entered<'a> {
    /// None where nothing would be written.
    pub(crate) fn enter(handle: &'a Handle, slot: &'a mut Option<Frame>) -> Option<Self> {
        // In the middle of an event `tracing` lets nobody set its default.
        if handle.core.is_off() || handle.core.is_writing() {
            return None;
        }
        let pushed = handle.core.push(slot);
        Some(Self { core: &handle.core, slot, pushed, _default: dispatcher::set_default(&handle.dispatch) })
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if self.pushed {
            *self.slot = self.core.pop();
        }
    }
}
