use std::future::Future;

use crate::{Instance, RegistryError};

/// How an instance is registered in one kind of registry, and kept there: what a [`Registrar`](crate::Registrar) drives.
///
/// A registry implements it; its user only makes one, such as [`consul::Registration`](crate::consul::Registration), and hands it over.
pub trait Register: Send + 'static {
    /// What the registry is called: `consul`, `etcd`.
    fn registry(&self) -> &'static str;

    /// Writes the registration. It is called again after it was lost, and where an earlier try failed half way: what is there already
    /// is replaced.
    ///
    /// # Errors
    ///
    /// When the registry can't be reached, or refuses.
    fn register(&mut self, instance: &Instance) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// Keeps the registration alive until it is lost, and says why it was: the registry does not know of it any more, or could not
    /// be reached for so long that it may have run out. A failure that may pass is tried again, and does not end it.
    ///
    /// It may be dropped at any time.
    fn keep(&mut self) -> impl Future<Output = RegistryError> + Send;

    /// Takes the registration back. One that is not there is no error.
    ///
    /// # Errors
    ///
    /// When the registry can't be reached, or refuses.
    fn deregister(&mut self) -> impl Future<Output = Result<(), RegistryError>> + Send;
}
