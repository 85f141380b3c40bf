use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use towerkit_endpoint::{Code, Ending, Error, Tail};
use towerkit_transport_http::StreamStop;

use super::finalizer::Finalizer;
use super::{Heard, Settings};
use crate::routes::server_stops;
use crate::status::Status;
use crate::until::Until;

/// After how many items the clock is looked at once more, where a stream is always ready.
const ITEMS: u8 = 32;

/// What is told of the end of a reply that is a stream, and what ends it before its time.
pub(crate) struct Watch {
    pub(super) settings: Arc<Settings>,
    pub(super) heard: Option<Box<Heard>>,
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
        // So many items until the clock is looked at.
        look_in: u8,
        ended: bool,
    }
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, watch: Watch) -> Self {
        Self { stream, watch, deadline: Until::default(), stopped: None, look_in: 0, ended: false }
    }
}

impl Watch {
    /// Whether the deadline has passed. Inlined, it would make each message dearer, also those for which nobody looks.
    #[inline(never)]
    fn is_late(&self) -> bool {
        self.tail.deadline().is_some_and(|deadline| deadline <= Instant::now())
    }

    #[cold]
    fn complete(&mut self) {
        self.tail.end(Ending::Complete);
        if let Some(finalizer) = &mut self.finalizer {
            finalizer.end(None);
        }
    }

    #[cold]
    fn fail(&mut self, error: Error) -> Status {
        let status = self.settings.hooks.fail(&error, self.heard.as_deref());
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
        let this = self.project();
        if *this.ended {
            return Poll::Ready(None);
        }
        if *this.look_in == 0 {
            if this.watch.is_late() {
                *this.ended = true;
                return Poll::Ready(Some(Err(this.watch.fail(Code::DeadlineExceeded.into()))));
            }
            *this.look_in = ITEMS;
        }
        let error = match this.stream.poll_next(cx) {
            Poll::Ready(Some(Ok(reply))) => match encode(reply) {
                Ok(message) => {
                    *this.look_in -= 1;
                    if let Some(finalizer) = &mut this.watch.finalizer {
                        finalizer.message();
                    }
                    return Poll::Ready(Some(Ok(message)));
                }
                Err(error) => error,
            },
            Poll::Ready(Some(Err(error))) => error.into(),
            Poll::Ready(None) => {
                *this.ended = true;
                this.watch.complete();
                return Poll::Ready(None);
            }
            Poll::Pending => {
                *this.look_in = 0;
                ready!(poll_ended(this.watch, this.deadline, this.stopped, cx))
            }
        };
        *this.ended = true;
        Poll::Ready(Some(Err(this.watch.fail(error))))
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
