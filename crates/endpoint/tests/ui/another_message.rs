//! The endpoint takes another message than the caller gives.

use towerkit_endpoint::{Endpoint, Error, endpoint_fn};

async fn call<E: Endpoint<String, Reply = u32>>(endpoint: E) -> Result<u32, Error> {
    endpoint.invoke("seven".to_owned()).await
}

fn main() {
    let _ = call(endpoint_fn(|n: u32| async move { Ok::<_, Error>(n) }));
}
