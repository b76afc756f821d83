import Blake3
public import Identity
public import Manifests

extension AppManifest {
    /// What `[machine]` says: everything but the image's blobs.
    public struct Machine: Sendable, Equatable {
        /// Where the image comes from, as it is written: `oci:FOLDER`, `archive:FILE` or a registry's reference.
        public var image: String
        /// With an image and layers that are nobody's.
        var settings = MachineManifest(image: BlobID(Blake3.hash([UInt8]())), layers: [])

        /// A machine of an image, with every default.
        public init(image: String) { self.image = image }

        /// The volumes, ports and the like, as they will be in the manifest.
        public var described: MachineManifest { settings }

        /// The manifest for the image's blobs.
        public func manifest(image: BlobID, layers: [BlobID]) -> MachineManifest {
            var manifest = settings
            manifest.image = image
            manifest.layers = layers.sorted()
            manifest.imageName = self.image
            return manifest
        }
    }
}
