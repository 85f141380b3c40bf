use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use towerkit_endpoint::{Code, Ending, Error, Tail};
use towerkit_transport_http::StreamStop;

use super::finalizer::Finalizer;
use super::{Exchange, Settings};
use crate::routes::server_stops;
use crate::status::Status;
use crate::until::Until;

/// After how many items the clock is looked at once more, where a stream is always ready.
const ITEMS: u8 = 32;

/// What is told of the end of a reply that is a stream, and what ends it before its time.
pub(crate) struct Watch {
    pub(super) settings: Arc<Settings>,
    pub(super) exchange: Exchange,
    pub(super) tail: Tail,
    pub(super) stop: Option<StreamStop>,
    pub(super) finalizer: Option<Box<Finalizer>>,
}

pin_project! {
    /// The stream of a reply: it ends at its deadline, and when the server stops; its tail, the handlers of errors and the
    /// finalizer are told how. An error is its last item, as the status that the caller gets.
    pub(crate) struct Watched<S> {
        #[pin]
        stream: S,
        watch: Watch,
        deadline: Until,
        // Set at the first wait.
        stopped: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
        items: u8,
        ended: bool,
    }
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, mut watch: Watch) -> Self {
        if let Some(finalizer) = &mut watch.finalizer {
            finalizer.streams();
        }
        Self { stream, watch, deadline: Until::default(), stopped: None, items: 0, ended: false }
    }
}

impl Watch {
    fn complete(&mut self) {
        self.tail.end(Ending::Complete);
        if let Some(finalizer) = &mut self.finalizer {
            finalizer.end(None);
        }
    }

    fn fail(&mut self, error: Error) -> Status {
        let status = self.settings.hooks.fail(&error, &self.exchange);
        self.tail.end(Ending::Failed(error.code()));
        if let Some(finalizer) = &mut self.finalizer {
            finalizer.end(Some(error.code()));
        }
        let mut status = status;
        status.set_source(Arc::new(error));
        status
    }
}

impl<S, R, E> Watched<S>
where
    S: Stream<Item = Result<R, E>>,
    E: Into<Error>,
{
    /// The next item, made into a message.
    pub(super) fn poll_message<P>(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        encode: impl FnOnce(R) -> Result<P, Error>,
    ) -> Poll<Option<Result<P, Status>>> {
        let mut this = self.project();
        if *this.ended {
            return Poll::Ready(None);
        }
        let next = if *this.items == 0 && this.watch.tail.deadline().is_some_and(|deadline| deadline <= Instant::now())
        {
            Some(Err(Code::DeadlineExceeded.into()))
        } else {
            match this.stream.as_mut().poll_next(cx) {
                Poll::Ready(item) => item.map(|item| item.map_err(Into::into).and_then(encode)),
                Poll::Pending => {
                    *this.items = 0;
                    Some(Err(ready!(poll_ended(this.watch, this.deadline, this.stopped, cx))))
                }
            }
        };
        match next {
            Some(Ok(message)) => {
                *this.items = (*this.items + 1) % ITEMS;
                if let Some(finalizer) = &mut this.watch.finalizer {
                    finalizer.message();
                }
                Poll::Ready(Some(Ok(message)))
            }
            Some(Err(error)) => {
                *this.ended = true;
                Poll::Ready(Some(Err(this.watch.fail(error))))
            }
            None => {
                *this.ended = true;
                this.watch.complete();
                Poll::Ready(None)
            }
        }
    }
}

/// Why a stream that waits is to end.
fn poll_ended(
    watch: &Watch,
    timer: &mut Until,
    stopped: &mut Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    cx: &mut TaskContext<'_>,
) -> Poll<Error> {
    if timer.poll(watch.tail.deadline(), cx).is_ready() {
        return Poll::Ready(Code::DeadlineExceeded.into());
    }
    if let Some(stop) = &watch.stop {
        let stopped = stopped.get_or_insert_with(|| {
            let (stop, at_once) = (stop.clone(), watch.settings.end_on_drain);
            Box::pin(async move { if at_once { stop.begun().await } else { stop.over().await } })
        });
        if stopped.as_mut().poll(cx).is_ready() {
            return Poll::Ready(server_stops());
        }
    }
    Poll::Pending
}
