//! Servers that behave as a test wants, and how they are called.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, Request, endpoint_fn};
use towerkit_sd::balancer::{Balancer, Choose, Strategy};
use towerkit_sd::{Endpointer, EndpointerBuilder, Instance, Instancer};

use crate::endpointer::settle;

pub(crate) fn at(port: u16) -> Instance {
    Instance::new("10.0.0.1", port)
}

pub(crate) fn fleet(size: u16) -> Instancer {
    Instancer::fixed((1..=size).map(at))
}

/// How the servers of a test behave: by port, what a call meets.
#[derive(Clone, Default)]
pub(crate) struct Servers {
    failing: Arc<Mutex<HashMap<u16, Code>>>,
    slow: Arc<Mutex<HashMap<u16, Duration>>>,
    calls: Arc<Mutex<BTreeMap<u16, u64>>>,
}

impl Servers {
    pub(crate) fn fail(&self, port: u16, code: Code) {
        self.failing.lock().unwrap().insert(port, code);
    }

    pub(crate) fn heal(&self, port: u16) {
        self.failing.lock().unwrap().remove(&port);
    }

    pub(crate) fn slow(&self, port: u16, time: Duration) {
        self.slow.lock().unwrap().insert(port, time);
    }

    pub(crate) fn calls(&self) -> BTreeMap<u16, u64> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    pub(crate) fn method(&self, port: u16) -> BoxEndpoint<u64, u16> {
        let servers = self.clone();
        endpoint_fn(move |_: u64| {
            *servers.calls.lock().unwrap().entry(port).or_default() += 1;
            let failing = servers.failing.lock().unwrap().get(&port).copied();
            let slow = servers.slow.lock().unwrap().get(&port).copied();
            async move {
                if let Some(time) = slow {
                    sleep(time).await;
                }
                failing.map_or(Ok(port), |code| Err(Error::from(code)))
            }
        })
        .erased()
    }

    pub(crate) fn balance<P: Strategy>(
        &self,
        endpointer: &Endpointer<u16>,
        strategy: P,
    ) -> Balancer<BoxEndpoint<u64, u16>, P> {
        let servers = self.clone();
        endpointer.balance(strategy, move |port| servers.method(*port))
    }
}

pub(crate) fn connect(builder: EndpointerBuilder) -> Endpointer<u16> {
    builder.connect(|instance| Ok(instance.port()))
}

pub(crate) fn plain(instancer: Instancer) -> Endpointer<u16> {
    connect(Endpointer::builder(instancer))
}

/// Where so many calls would go.
pub(crate) async fn chosen<P>(balancer: &Balancer<BoxEndpoint<u64, u16>, P>, times: u64) -> BTreeMap<u16, u64>
where
    P: Strategy + Choose<Request<u64>>,
{
    settle().await;
    let mut counts = BTreeMap::new();
    for key in 0..times {
        *counts.entry(balancer.choose(&Request::new(key)).unwrap().port()).or_default() += 1;
    }
    counts
}
