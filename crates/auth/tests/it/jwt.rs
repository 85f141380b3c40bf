//! Tokens: what passes, what does not, and what is said of it.

mod algorithms;
mod brought_along;
mod claims;
mod confusions;
mod interop;
pub(crate) mod issuer;
mod issuers;
mod key_sets;
mod keys;
mod properties;
mod reasons;
