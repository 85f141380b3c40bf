use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::core::Handle;
use crate::frame::{Entered, Frame};

pin_project! {
    /// The future of [`Logger::follow`](crate::Logger::follow).
    pub struct Follow<F> {
        // None once it is dropped.
        #[pin]
        inner: Option<F>,
        followed: Option<(Arc<Handle>, Option<Frame>)>,
    }

    impl<F> PinnedDrop for Follow<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.followed.as_mut().map(|(handle, frame)| Entered::enter(handle, frame));
            this.inner.set(None);
        }
    }
}

impl<F> Follow<F> {
    pub(crate) fn new(inner: F, followed: Option<(Arc<Handle>, Frame)>) -> Self {
        Self { inner: Some(inner), followed: followed.map(|(handle, frame)| (handle, Some(frame))) }
    }
}

impl<F: Future> Future for Follow<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.followed.as_mut().map(|(handle, frame)| Entered::enter(handle, frame));
        this.inner.as_pin_mut().map_or(Poll::Pending, |inner| inner.poll(cx))
    }
}

impl<F> fmt::Debug for Follow<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow").finish_non_exhaustive()
    }
}
