//! Against a real Consul of the test's own. Where Consul can't be made to misbehave, a small server stands in for it,
//! and is called a fake.

mod agent;
mod counting;
mod failing;
mod fake;
mod misbehaving;
mod registering;
mod rights;
mod watching;
