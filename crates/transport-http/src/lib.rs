//! towerkit endpoints over HTTP.

mod body;
mod client;
pub mod codec;
mod problem;
mod router;
mod serve;
mod server;
mod status;

pub use body::{Body, ReadError};
pub use client::{
    CallOutcome, CallSummary, Client, ClientFuture, DecodeResponse, DecodeResponseFn, Draft, EncodeRequest,
    EncodeRequestFn, InvalidBaseUrl, NotSent, Operation, Pool, PoolFuture, PoolSettings, Remote, decode_response_fn,
    encode_request_fn, reply_error,
};
pub use problem::{FieldProblem, Problem, plain_json, problem_json, status_of_error};
pub use router::{PathParams, Router, RouterFuture};
pub use serve::{Serve, ServeEvent, serve};
pub use server::{Exchange, Outcome, Server, ServerFuture, Summary};
pub use status::{code_of, status_of};
