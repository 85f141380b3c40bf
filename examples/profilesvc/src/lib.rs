//! profilesvc keeps profiles of people and where they live: a service of REST, as one is laid out with towerkit.
//!
//! * [`service`] is the domain: a trait, a store in memory, an error. Nothing of towerkit is in it, and of the network the names that its
//!   types have in JSON.
//! * [`endpoint`] makes each method an endpoint, says what kind of failure each error is, and puts the layers around.
//! * [`transport`] is where they are in HTTP.
//! * [`client`] finds the instances of the service, and what goes around the calls to them.
//!
//! `src/main.rs` starts it.
//!
//! | route | answers | refuses |
//! | --- | --- | --- |
//! | `POST /profiles/` | `{}` | 400 where there is one of this id, or an address twice |
//! | `GET /profiles/{id}` | `{"profile":{"id":"1234","name":"Go Kit"}}` | 404 |
//! | `PUT /profiles/{id}` | `{}`: the profile is there from now on, whatever was there | 400 where the profile has another id, or an address twice |
//! | `PATCH /profiles/{id}` | `{}`: what is not empty is set | 404, and 400 as for `PUT` |
//! | `DELETE /profiles/{id}` | `{}` | 404 |
//! | `GET /profiles/{id}/addresses/` | `{"addresses":[{"id":"1","location":"here"}]}`, or `{}` | 404 |
//! | `GET /profiles/{id}/addresses/{address_id}` | `{"address":{"id":"1","location":"here"}}` | 404 |
//! | `POST /profiles/{id}/addresses/` | `{}` | 404, and 400 where there is one of this id |
//! | `DELETE /profiles/{id}/addresses/{address_id}` | `{}` | 404 |
//!
//! A trailing slash counts: without it the path is another, and there is nothing there. What is refused is told as problem details (RFC 9457).
//! Beside the table, JSON that can't be read and an id that is empty, `.` or `..` are 400, a body that says it is no JSON is 415, and what there is no room for is 429.

pub mod client;
pub mod endpoint;
pub mod service;
pub mod transport;
