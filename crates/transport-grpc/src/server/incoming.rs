use std::sync::Arc;

use tonic::metadata::MetadataMap;
use towerkit_endpoint::{Context, Error, Metadata, Via};

use super::finalizer::Finalizer;
use super::{Exchange, Head, Settings};
use crate::status::Status;

/// What came beside the message.
pub(super) struct Incoming {
    /// For the after hooks, if there are any.
    kept: Option<Box<Context>>,
    pub(super) exchange: Exchange,
    pub(super) finalizer: Option<Box<Finalizer>>,
}

impl Incoming {
    pub(super) fn of<M>(settings: &Settings, request: tonic::Request<M>) -> (Self, Context, M) {
        let peer = request.remote_addr();
        let (metadata, extensions, message) = request.into_parts();
        let mut context = Context::from_parts(Metadata::from(metadata.into_headers()), extensions);
        context.set_peer(peer);
        context.set_via(Some(Via::Grpc { path: None }));
        let exchange = Exchange { path: None, peer };
        let finalizer = Finalizer::start(&settings.hooks.finalize, exchange);
        (Self { kept: settings.hooks.keep(&context), exchange, finalizer }, context, message)
    }

    pub(super) fn respond<M>(&self, settings: &Settings, message: M, head: Head) -> tonic::Response<M> {
        let mut response = tonic::Response::new(message);
        *response.metadata_mut() = self.metadata(settings, head);
        response
    }

    pub(super) fn fail(&self, settings: &Settings, error: Error) -> Status {
        let mut status = settings.hooks.fail(&error, &self.exchange);
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
