//! The tutorial's first page: a service of two methods on HTTP, in one file.
//!
//! ```text
//! cargo run -p stringsvc1
//! curl --json '{"s":"hello, world"}' 127.0.0.1:8080/uppercase
//! ```

use serde::{Deserialize, Serialize};
use towerkit_endpoint::{BoxError, Error, endpoint_fn};
use towerkit_lifecycle::{Group, Signals, listen};
use towerkit_transport_http::{Router, Server, serve};

#[derive(Deserialize)]
struct StringRequest {
    s: String,
}

#[derive(Serialize)]
struct Reply<V> {
    v: V,
}

async fn uppercase(request: StringRequest) -> Result<Reply<String>, Error> {
    if request.s.is_empty() {
        return Err(Error::invalid("s", "empty string"));
    }
    Ok(Reply { v: request.s.to_uppercase() })
}

async fn count(request: StringRequest) -> Result<Reply<usize>, Error> {
    Ok(Reply { v: request.s.len() })
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let routes = Router::new()
        .post("/uppercase", Server::json(endpoint_fn(uppercase)))
        .post("/count", Server::json(endpoint_fn(count)));
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = listen("the address", address).await?;
    Group::new().with(Signals::terminate()).with(serve(listener, routes)).run().await?;
    Ok(())
}
