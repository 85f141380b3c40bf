//! The reflection service, by tonic-reflection.

use tonic_reflection::pb;
use tonic_reflection::server::Builder;

use super::Routes;

const NAMES: [&str; 2] = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

impl Routes {
    /// Adds the reflection service, `v1` and `v1alpha`: it describes the services that are added, before it or after, as far as they stand in
    /// these encoded `google.protobuf.FileDescriptorSet`s. Those of the health and the reflection service, and of the details of errors, need not
    /// be given.
    ///
    /// ```
    /// use towerkit_transport_grpc::Routes;
    ///
    /// // With code that was generated: `.reflection(&[pb::FILE_DESCRIPTOR_SET])`.
    /// let routes = Routes::new().reflection(&[]);
    /// assert_eq!(routes.services(), ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]);
    /// ```
    ///
    /// # Panics
    ///
    /// Where a set can't be read, or the service is there already: mistakes in the program, found as it starts.
    pub fn reflection(self, descriptors: &[&[u8]]) -> Self {
        let descriptors: Vec<_> = descriptors.iter().map(|set| set.to_vec()).collect();
        // What can't be read is found now, and not by the first call.
        let _ = add(Self::new(), &descriptors, &[]);
        self.about(NAMES, move |routes, names| add(routes, &descriptors, names))
    }
}

/// Of these services.
#[expect(clippy::panic, reason = "descriptors are generated and given at start")]
fn add(routes: Routes, descriptors: &[Vec<u8>], names: &[&'static str]) -> Routes {
    let builder = || {
        // The details of errors as well, so that whoever reflects can read them.
        let details = tonic_types::pb::FILE_DESCRIPTOR_SET;
        let own = [pb::v1::FILE_DESCRIPTOR_SET, pb::v1alpha::FILE_DESCRIPTOR_SET, details];
        #[cfg(feature = "health")]
        let own = own.into_iter().chain([tonic_health::pb::FILE_DESCRIPTOR_SET]);
        let sets = descriptors.iter().map(Vec::as_slice).chain(own);
        let builder = sets.fold(Builder::configure(), Builder::register_encoded_file_descriptor_set);
        names.iter().copied().fold(builder, Builder::with_service_name)
    };
    match (builder().build_v1(), builder().build_v1alpha()) {
        (Ok(v1), Ok(v1alpha)) => routes.service(v1).service(v1alpha),
        (Err(error), _) | (_, Err(error)) => panic!("the descriptors can't be read: {error}"),
    }
}
