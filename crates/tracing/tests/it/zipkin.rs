mod failing;
mod interop;
mod server;

#[cfg(feature = "otlp")]
pub(crate) use server::Server;
