use std::fmt;
use std::io;

use tokio::net::{TcpListener, ToSocketAddrs};

/// Binds an address to listen on, for what a group is about to serve there. The first argument is what the address is called where it is set, a flag or a
/// variable, so that an error names it.
///
/// # Errors
///
/// Where it can't be bound: `--http-addr 127.0.0.1:8081: Address already in use`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), towerkit_lifecycle::ListenError> {
/// use towerkit_lifecycle::listen;
///
/// let listener = listen("--http-addr", "127.0.0.1:0").await?;
/// let address = listener.local_addr().unwrap();
/// let error = listen("--debug-addr", address).await.unwrap_err();
/// assert!(error.to_string().starts_with(&format!("--debug-addr {address}: ")));
/// # Ok(())
/// # }
/// ```
pub async fn listen<A: ToSocketAddrs + fmt::Display>(name: &str, address: A) -> Result<TcpListener, ListenError> {
    let failed = |error| ListenError { what: format!("{name} {address}"), error };
    TcpListener::bind(&address).await.map_err(failed)
}

/// Why nothing [listens](listen()) at an address.
#[derive(Debug)]
pub struct ListenError {
    what: String,
    error: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.error)
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
