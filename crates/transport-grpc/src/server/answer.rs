use std::sync::Arc;

use http::{HeaderValue, Response, request};
use tower::util::ServiceExt;
use towerkit_endpoint::{Context, Endpoint, Error, Exchange, Request, Tail};
use towerkit_transport_http::Body;

use super::finalizer::Finalizer;
use super::reply::{Sending, WriteReply, failed};
use super::request::ReadRequest;
use super::watched::Watch;
use super::{Head, Heard, Settings};
use crate::compression::Compression;
use crate::wire;

/// One call that came by its path: the order of events, and what happens when one of them fails.
#[derive(Clone)]
pub(crate) struct Call<E, I, O> {
    pub(crate) endpoint: E,
    pub(crate) read: I,
    pub(crate) write: O,
    pub(crate) settings: Arc<Settings>,
}

impl<E, I, O> Call<E, I, O> {
    pub(crate) async fn run<T, K>(self, parts: request::Parts, body: Body) -> Response<Body>
    where
        T: Send + 'static,
        E: Endpoint<T>,
        I: ReadRequest<T>,
        O: WriteReply<E::Reply, K>,
    {
        let Self { endpoint, read, write, settings } = self;
        let content_type = wire::content_type_of(&parts.headers);

        let (compressed, takes) = (Compression::of(&parts.headers), settings.compression);
        let compression = takes.filter(|compression| compression.is_taken(&parts.headers));
        let stop = if O::STREAMS { body.stream_stop() } else { None };
        let mut context = wire::context(parts, &body);
        let exchange = || Exchange::new(context.via().cloned(), context.peer());
        let mut finalizer = Finalizer::start(&settings.hooks.finalize, exchange);
        let mut heard = Heard::of(&settings.hooks.on_error, body.error_handlers(), exchange);
        let kept = settings.hooks.keep(&context);

        let result = async {
            let compressed = compressed?;
            wire::accept_timeout(&mut context)?;
            settings.hooks.run_before(&mut context)?;
            let message = read.read(body, settings.request_limit, compressed).await?;
            let tail = O::STREAMS.then(Tail::new);
            if let Some(tail) = &tail {
                context.set_tail(tail.clone());
            }
            let request = Request::with_context(context, message);
            if let Some(finalizer) = &mut finalizer {
                finalizer.reached_endpoint();
            }
            if let Some(heard) = &mut heard {
                heard.exchange.reached_endpoint = true;
            }
            let reply = endpoint.oneshot(request).await.map_err(Into::into)?;
            let sending = Sending {
                settings: &settings,
                content_type: content_type.clone(),
                compression,
                context: kept.as_deref(),
            };
            let watch = || Watch {
                settings: settings.clone(),
                heard: heard.clone(),
                tail: tail.unwrap_or_default(),
                stop,
                finalizer: finalizer.take(),
            };
            write.write(reply, sending, watch)
        };
        let result = result.await;
        match result {
            Ok(response) => {
                if let Some(finalizer) = &mut finalizer {
                    finalizer.message();
                    finalizer.end(None);
                }
                response
            }
            Err(error) => {
                if let Some(finalizer) = &mut finalizer {
                    finalizer.end(Some(error.code()));
                }
                fail(&error, &settings, heard.as_deref(), kept.as_deref(), content_type)
            }
        }
    }
}

fn fail(
    error: &Error,
    settings: &Settings,
    heard: Option<&Heard>,
    context: Option<&Context>,
    content_type: HeaderValue,
) -> Response<Body> {
    let status = settings.hooks.fail(error, heard);
    let mut head = Head::default();
    settings.hooks.run_after(context, &mut head);
    failed(&status, content_type, head)
}
