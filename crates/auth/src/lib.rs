//! Authentication and authorization for any transport: who makes a call, and what it may do.
//!
//! Credentials travel in metadata, which HTTP, JSON-RPC, gRPC and NATS fill alike; so one layer around an endpoint guards it on all of
//! them. [`Authentication`] finds out who calls, by any of several kinds of credentials, and puts one [`Principal`] into the request's context;
//! [`Authorization`] asks a [`Policy`] what that principal may do.
//!
//! ```
//! use tower::ServiceBuilder;
//! use towerkit_auth::{AuditEvent, Authentication, Authorization, Basic, Principal, policy_fn};
//! use towerkit_endpoint::{Code, Endpoint, Error, Request, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Refusals are told, with a reason and without a secret; the caller learns neither.
//! let audit = |event: &AuditEvent<'_>| eprintln!("audit: {event}"); // with `log`: tracing::warn!(target: "audit", "{event}")
//!
//! let authentication = Authentication::new(Basic::fixed("greeter", "ada", "rosebud")).on_refusal(audit);
//! let authorization = Authorization::new(policy_fn(|access: &towerkit_auth::Access<'_, String>| {
//!     access.principal().is_some_and(|who| who.subject() == "ada")
//! }))
//! .on_refusal(audit);
//!
//! let stack = |operation| {
//!     ServiceBuilder::new()
//!         // ... traces, logs, metrics: they see refusals; the deadline, which bounds checks that wait ...
//!         .layer(authentication.requests(operation))
//!         .layer(authorization.requests(operation))
//!     // ... limits, panic ...
//! };
//! let greet = stack("greet")
//!     .service(service_fn(|request: Request<String>| async move {
//!         let who = Principal::of(request.context()).map(|who| who.subject().to_owned());
//!         Ok::<_, Error>(format!("{}, {}", request.message(), who.unwrap_or_default()))
//!     }))
//!     .erased();
//!
//! assert_eq!(greet.invoke("Hello".to_owned()).await.unwrap_err().code(), Code::Unauthenticated);
//! # Ok(())
//! # }
//! ```
//!
//! # Where the layers stand in a stack
//!
//! ```text
//!   a server's                                a client's
//!
//!   tracer.requests("sum")                    tracer.calls("sum")
//!   log.requests("sum")       has the reason  deadline
//!   metrics.requests("sum")   counts the code retry
//!   deadline                  bounds checks   credentials     new ones for each attempt
//!   authentication            who             breaker, limiter, balancer
//!   authorization             may             the client
//!   limits, by principal
//!   panic, the endpoint
//! ```
//!
//! # What the caller learns, and what the operator does
//!
//! | | the caller | logs and audits |
//! | --- | --- | --- |
//! | no credentials | `Unauthenticated`, and `www-authenticate` with each kind that is asked for | [`Reason::Missing`] |
//! | credentials that are not valid | the same, with `error="invalid_token"` for tokens (RFC 6750) | what is wrong: expired, unknown key, bad signature, wrong audience ... |
//! | credentials that leave a choice | `InvalidArgument` (`invalid_request`) | [`Reason::Ambiguous`] |
//! | not allowed | `PermissionDenied`, for tokens with `error="insufficient_scope"` | what the policy says |
//! | can't be found out at present | `Unavailable` | [`Reason::Unavailable`], [`Reason::Overloaded`] |
//!
//! [`Denied`] is the leaf error of both layers. [`AuditEvent`]s are told for each refusal.
//!
//! # What is here
//!
//! * [`Authentication`] and its [`Authenticator`]s: [`Basic`] with its `Htpasswd` (feature `htpasswd`), `JwtVerifier` with its `KeySet`, `JwksFile` (feature `jwt`) or
//!   `JwksUrl` (feature `jwks-url`), `JwtVerifiers` for several issuers, `ApiKeys` (feature `api-key`), [`ClientCertificate`].
//! * [`Authorization`] and its policies: [`policy_fn`], [`async_policy_fn`], [`Scopes`], `Casbin` (feature `casbin`); [`by_operation`], [`both`], [`either`].
//! * [`Principal`], [`Reason`], [`Denied`], [`AuditEvent`].
//! * For clients: [`CredentialsLayer`], [`Credentials`], `JwtSigner` (feature `jwt`), `ClientCredentials` (feature `oauth2`).

mod answer;
#[cfg(feature = "api-key")]
mod api_key;
mod audit;
mod authentication;
mod authorization;
mod authorization_field;
mod basic;
#[cfg(feature = "casbin")]
mod casbin;
mod challenge;
mod client_certificate;
mod constant_time;
mod credentials;
mod denied;
#[cfg(any(feature = "api-key", feature = "casbin", feature = "htpasswd", feature = "jwt"))]
mod files;
pub mod gate;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "oauth2")]
mod oauth2;
mod principal;
mod reason;

#[cfg(feature = "casbin")]
pub use self::casbin::{Casbin, SubjectAndOperation};
pub use answer::Answer;
#[cfg(feature = "api-key")]
pub use api_key::{ApiKey, ApiKeys, InvalidApiKey, NewApiKey};
pub use audit::AuditEvent;
pub use authentication::{Authentication, AuthenticationLayer, Authenticator};
pub use authorization::{
    Access, AsyncPolicyFn, Authorization, AuthorizationLayer, Both, ByOperation, Either, Policy, PolicyFn, Scopes,
    async_policy_fn, both, by_operation, either, policy_fn,
};
#[cfg(feature = "htpasswd")]
pub use basic::Htpasswd;
pub use basic::{Basic, Password};
pub use challenge::Challenge;
pub use client_certificate::ClientCertificate;
pub use credentials::{
    CredentialSource, Credentials, CredentialsFuture, CredentialsLayer, NoCredentials, WithCredentials,
};
pub use denied::Denied;
#[cfg(any(feature = "api-key", feature = "casbin", feature = "htpasswd", feature = "jwt"))]
pub use files::LoadError;
#[cfg(feature = "jwt")]
pub use jwt::{
    Algorithm, Audience, EachCall, InvalidClaims, InvalidIssuers, InvalidJwks, InvalidKey, Issuer, JwksFile, JwksRules,
    JwtSigner, JwtVerifier, JwtVerifiers, KeySet, Keys, Reused, SigningKey, SkippedKey, VerifyingKey,
};
#[cfg(feature = "jwks-url")]
pub use jwt::{JwksError, JwksEvent, JwksUrl};
#[cfg(feature = "oauth2")]
pub use oauth2::{ClientAuth, ClientCredentials, NoToken};
pub use principal::{Principal, Scheme};
pub use reason::Reason;
#[cfg(any(feature = "jwks-url", feature = "oauth2"))]
pub use towerkit_http_client::{HttpClient, InvalidUrl};

/// The page on how it is run, as a test.
#[cfg(all(doctest, feature = "api-key", feature = "jwks-url", feature = "oauth2"))]
#[doc = include_str!("../../../docs/auth.md")]
struct Page;
