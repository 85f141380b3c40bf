//! A plain function is handed over where an endpoint is due.

use towerkit_endpoint::{BoxEndpoint, Endpoint, Error};

async fn double(n: u32) -> Result<u32, Error> {
    Ok(n * 2)
}

fn serve<E: Endpoint<u32, Reply = u32>>(endpoint: E) -> BoxEndpoint<u32, u32> {
    endpoint.erased()
}

fn main() {
    serve(double);
}
