/// An image in a registry.
struct RegistrySource: ImageSource {
    private let client: RegistryClient

    init(_ client: RegistryClient) { self.client = client }

    var isLocal: Bool { false }

    func root() async throws -> ImageRoot { try await client.root() }

    func document(_ descriptor: ImageDescriptor, name: String) async throws -> [UInt8] {
        let isManifest =
            ImageMediaType.isManifest(descriptor.mediaType) || ImageMediaType.isIndex(descriptor.mediaType)
        return try await isManifest
            ? client.manifest(descriptor, name: name) : client.document(descriptor, name: name)
    }

    func layer(_ descriptor: ImageDescriptor) async throws -> ImageParts { try await client.layer(descriptor) }
}
