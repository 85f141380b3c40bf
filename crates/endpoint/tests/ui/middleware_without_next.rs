//! A middleware that takes the request alone.

use towerkit_endpoint::{Error, Request, middleware_fn};

async fn forgets_next(request: Request<u32>) -> Result<u32, Error> {
    Ok(request.into_message())
}

fn main() {
    let _ = middleware_fn(forgets_next);
}
