//! Against the real registries; see `CONTRIBUTING.md` for how they are provided.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod balancer;
mod contract;
mod endpointer;
mod instancer;
mod outliers;
mod registrar;
mod servers;
mod support;

#[cfg(feature = "consul")]
mod consul;
#[cfg(feature = "dns")]
mod dns;
#[cfg(feature = "etcd")]
mod etcd;
#[cfg(feature = "eureka")]
mod eureka;
#[cfg(feature = "file")]
mod file;
#[cfg(feature = "kubernetes")]
mod kubernetes;
#[cfg(feature = "mdns")]
mod mdns;
mod toxiproxy;
#[cfg(feature = "zookeeper")]
mod zookeeper;
