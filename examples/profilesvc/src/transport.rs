//! Where the endpoints are in JSON over HTTP: the routes that serve them, and the calls from the other side.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tower::ServiceExt;
use towerkit::endpoint::{Code, Error};
use towerkit::lifecycle::Health;
use towerkit::transport::http::codec::{Empty, EncodeResponse, Json, Path, Text, encode_fn};
use towerkit::transport::http::{Router, Server};

use crate::endpoint::Endpoints;
use crate::service::Address;

pub(crate) const PROFILES: &str = "/profiles/";
pub(crate) const PROFILE: &str = "/profiles/{id}";
pub(crate) const ADDRESSES: &str = "/profiles/{id}/addresses/";
pub(crate) const ADDRESS: &str = "/profiles/{id}/addresses/{address_id}";

/// Without addresses it is `{}`.
#[derive(Deserialize, Serialize)]
pub(crate) struct AddressesReply {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) addresses: Vec<Address>,
}

/// Serves the endpoints, and what an orchestrator asks: `GET /livez` and `GET /readyz`.
pub fn routes(endpoints: Endpoints, health: &Health) -> Router {
    let done = encode_fn(|()| Json.encode(json!({})));
    let addresses = encode_fn(|addresses| Json.encode(AddressesReply { addresses }));
    Router::new()
        .post(PROFILES, Server::new(endpoints.post_profile.map_err(as_bad_request), Json, done))
        .get(PROFILE, Server::new(endpoints.get_profile, Path, Json.under("profile")))
        .put(PROFILE, Server::new(endpoints.put_profile, (Path, Json), done))
        .patch(PROFILE, Server::new(endpoints.patch_profile, (Path, Json), done))
        .delete(PROFILE, Server::new(endpoints.delete_profile, Path, done))
        .get(ADDRESSES, Server::new(endpoints.get_addresses, Path, addresses))
        .post(ADDRESSES, Server::new(endpoints.post_address.map_err(as_bad_request), (Path, Json), done))
        .get(ADDRESS, Server::new(endpoints.get_address, Path, Json.under("address")))
        .delete(ADDRESS, Server::new(endpoints.delete_address, Path, done))
        .get("/livez", Server::new(health.livez(), Empty, Text))
        .get("/readyz", Server::new(health.readyz(), Empty, Text))
}

/// What is there already is 409 in HTTP, unless an error says otherwise; Go kit's service answers 400, and so does this one. The code that the
/// problem has in it stays what it is.
fn as_bad_request(error: Error) -> Error {
    if error.code() == Code::AlreadyExists { error.with_extension(StatusCode::BAD_REQUEST) } else { error }
}
