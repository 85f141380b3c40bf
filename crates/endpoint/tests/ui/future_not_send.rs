//! The handler holds something across an await that can't go to another thread.

use std::rc::Rc;

use towerkit_endpoint::{Endpoint, Error, endpoint_fn};

fn main() {
    let endpoint = endpoint_fn(|n: u32| async move {
        let local = Rc::new(n);
        std::future::ready(()).await;
        Ok::<_, Error>(*local)
    });
    let _ = endpoint.erased();
}
