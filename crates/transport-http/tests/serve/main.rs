//! `serve` over real sockets.

mod accept;
mod basics;
mod bodies;
mod drain;
mod host;
mod http2;
mod limits;
mod load;
mod raw;
mod site;
mod tools;
