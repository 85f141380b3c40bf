use std::sync::Arc;

use tonic::metadata::MetadataMap;
use towerkit_endpoint::{Context, Error, ErrorHandlers, Exchange, Metadata, Via};

use super::finalizer::Finalizer;
use super::{Head, Heard, Settings};
use crate::status::Status;

/// What came beside the message.
pub(super) struct Incoming {
    /// For the after hooks, if there are any.
    kept: Option<Box<Context>>,
    pub(super) heard: Option<Box<Heard>>,
    pub(super) finalizer: Option<Box<Finalizer>>,
}

impl Incoming {
    pub(super) fn of<M>(settings: &Settings, request: tonic::Request<M>) -> (Self, Context, M) {
        let peer = request.remote_addr();
        let (metadata, extensions, message) = request.into_parts();
        let mut context = Context::from_parts(Metadata::from(metadata.into_headers()), extensions);
        context.set_peer(peer);
        context.set_via(Some(Via::Grpc { path: None }));
        let exchange = || Exchange::new(context.via().cloned(), peer);
        let finalizer = Finalizer::start(&settings.hooks.finalize, exchange);
        let heard = Heard::of(&settings.hooks.on_error, context.get::<Arc<ErrorHandlers>>(), exchange);
        (Self { kept: settings.hooks.keep(&context), heard, finalizer }, context, message)
    }

    pub(super) fn reached_endpoint(&mut self) {
        if let Some(finalizer) = &mut self.finalizer {
            finalizer.reached_endpoint();
        }
        if let Some(heard) = &mut self.heard {
            heard.exchange.reached_endpoint = true;
        }
    }

    pub(super) fn respond<M>(&self, settings: &Settings, message: M, head: Head) -> tonic::Response<M> {
        let mut response = tonic::Response::new(message);
        *response.metadata_mut() = self.metadata(settings, head);
        response
    }

    pub(super) fn fail(&self, settings: &Settings, error: Error) -> Status {
        let mut status = settings.hooks.fail(&error, self.heard.as_deref());
        let more = self.metadata(settings, Head::default());
        if !more.is_empty() {
            let mut all = std::mem::take(status.metadata_mut()).into_headers();
            all.extend(more.into_headers());
            *status.metadata_mut() = MetadataMap::from_headers(all);
        }
        status.set_source(Arc::new(error));
        status
    }

    /// All in one block: a generated service has no other place for trailers.
    fn metadata(&self, settings: &Settings, mut head: Head) -> MetadataMap {
        settings.hooks.run_after(self.kept.as_deref(), &mut head);
        let mut headers = head.headers.into_headers();
        if !head.trailers.is_empty() {
            headers.extend(head.trailers.into_headers());
        }
        MetadataMap::from_headers(headers)
    }
}
