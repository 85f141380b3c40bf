//! The error of a handler implements `std::error::Error` and not `Classify`.

use towerkit_endpoint::{Endpoint, endpoint_fn};

fn main() {
    let endpoint = endpoint_fn(|text: String| async move { text.parse::<u32>() });
    let _ = endpoint.erased();
}
