use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use towerkit_endpoint::{Code, Ending, Failure, Tail};

use crate::under_way::UnderWay;

pin_project! {
    /// The future of a [`Measured`](crate::Measured).
    #[derive(Debug)]
    pub struct MeasuredFuture<F> {
        #[pin]
        inner: F,
        tail: Option<Tail>,
        // None once the call has ended, or is its tail's.
        under_way: Option<UnderWay>,
    }
}

impl<F> MeasuredFuture<F> {
    pub(crate) const fn new(inner: F, tail: Option<Tail>, under_way: UnderWay) -> Self {
        Self { inner, tail, under_way: Some(under_way) }
    }
}

impl<F, R, E> Future for MeasuredFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Failure,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(match this.under_way {
            Some(under_way) => {
                under_way.begin();
                under_way.watch(|| this.inner.poll(cx))
            }
            None => this.inner.poll(cx),
        });
        if let Some(under_way) = this.under_way.take() {
            match (&result, this.tail.take()) {
                (Ok(_), Some(tail)) => tail.on_end(move |ending| under_way.ended(code_of(ending))),
                (Ok(_), None) => under_way.ended(None),
                (Err(error), _) => under_way.ended(Some(error.code())),
            }
        }
        Poll::Ready(result)
    }
}

fn code_of(ending: Ending) -> Option<Code> {
    match ending {
        Ending::Complete => None,
        Ending::Failed(code) => Some(code),
        Ending::Cancelled => Some(Code::Cancelled),
        _ => Some(Code::Unknown),
    }
}
