//! tower's balancer: of two instances by lot, the less loaded one.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use tower::Service;
use tower::balance::p2c::Balance;
use tower::discover::{Change, ServiceList};
use tower::load::{CompleteOnResponse, PeakEwma, PendingRequests};
use towerkit_endpoint::{Error, Request};

type List<L> = Balance<ServiceList<Vec<L>>, Request<u64>>;

pub(crate) fn pending<S>(size: usize, service: impl Fn() -> S) -> List<PendingRequests<S>>
where
    S: Service<Request<u64>, Error = Error>,
{
    list((0..size).map(|_| PendingRequests::new(service(), CompleteOnResponse::default())).collect())
}

pub(crate) fn peak_ewma<S>(size: usize, service: impl Fn() -> S) -> List<PeakEwma<S>>
where
    S: Service<Request<u64>, Error = Error>,
{
    list((0..size).map(|_| ewma(service())).collect())
}

/// With the settings of ours.
pub(crate) fn ewma<S>(service: S) -> PeakEwma<S> {
    PeakEwma::new(service, Duration::from_millis(1), 10e9, CompleteOnResponse::default())
}

fn list<L>(services: Vec<L>) -> List<L>
where
    L: Service<Request<u64>, Error = Error> + tower::load::Load,
    L::Metric: std::fmt::Debug,
{
    Balance::new(ServiceList::new::<Request<u64>>(services))
}

/// Changes that are told from outside.
pub(crate) struct Changes<S>(pub(crate) Arc<Mutex<VecDeque<Change<usize, S>>>>);

impl<S> Stream for Changes<S> {
    type Item = Result<Change<usize, S>, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.lock().unwrap().pop_front().map_or(Poll::Pending, |change| Poll::Ready(Some(Ok(change))))
    }
}
