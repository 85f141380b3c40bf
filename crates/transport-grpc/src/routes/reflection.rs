//! The reflection service, by tonic-reflection.

use tonic_reflection::pb;
use tonic_reflection::server::Builder;

use super::Routes;

const OWN_NAMES: [&str; 2] = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

impl Routes {
    /// Adds the reflection service, `v1` and `v1alpha`: it describes the services that were added so far, as far as they stand in
    /// these encoded `google.protobuf.FileDescriptorSet`s. Those of the health and the reflection service, and of the details of errors, need not
    /// be given.
    ///
    /// ```
    /// use towerkit_transport_grpc::Routes;
    ///
    /// // After the methods; with code that was generated: `.reflection(&[pb::FILE_DESCRIPTOR_SET])`.
    /// let routes = Routes::new().reflection(&[]);
    /// assert_eq!(routes.services(), ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]);
    /// ```
    ///
    /// # Panics
    ///
    /// Where a set can't be read, or the service is there already: mistakes in the program, found as it starts.
    #[expect(clippy::panic, reason = "descriptors are generated and given at start")]
    pub fn reflection(self, descriptors: &[&[u8]]) -> Self {
        let builder = || {
            // The details of errors as well, so that whoever reflects can read them.
            let details = tonic_types::pb::FILE_DESCRIPTOR_SET;
            let own = [pb::v1::FILE_DESCRIPTOR_SET, pb::v1alpha::FILE_DESCRIPTOR_SET, details];
            #[cfg(feature = "health")]
            let own = own.into_iter().chain([tonic_health::pb::FILE_DESCRIPTOR_SET]);
            let builder = descriptors
                .iter()
                .copied()
                .chain(own)
                .fold(Builder::configure(), Builder::register_encoded_file_descriptor_set);
            let names = self.services().into_iter().chain(OWN_NAMES);
            names.fold(builder, Builder::with_service_name)
        };
        match (builder().build_v1(), builder().build_v1alpha()) {
            (Ok(v1), Ok(v1alpha)) => self.service(v1).service(v1alpha),
            (Err(error), _) | (_, Err(error)) => panic!("the descriptors can't be read: {error}"),
        }
    }
}
