/// Where an image comes from.
protocol ImageSource: Sendable {
    /// What the image is reached by: an index or a manifest.
    func root() async throws -> ImageRoot
    /// An index, manifest or config that a document names; its size and digest are those that the descriptor says.
    func document(_ descriptor: ImageDescriptor, name: String) async throws -> [UInt8]
    /// A layer's bytes, as they come; not checked yet.
    func layer(_ descriptor: ImageDescriptor) async throws -> ImageParts
    /// Whether a layer is read a second time at no cost; else what was read is kept on the disk meanwhile.
    var isLocal: Bool { get }
}

/// An index or manifest.
struct ImageRoot: Sendable {
    var bytes: [UInt8]
    var mediaType: String
    /// For messages.
    var name: String
}

extension ImageDescriptor {
    /// - Throws: ``ImageError`` `.wrongSize`, `.wrongDigest`.
    func check(_ bytes: [UInt8], name: String) throws(ImageError) {
        guard bytes.count == size else {
            throw ImageError(.wrongSize, "The \(name) has \(bytes.count) bytes, not \(size) as what names it says")
        }
        let found = ImageDigest(hashing: bytes)
        guard found == digest else {
            throw ImageError(.wrongDigest, "The \(name) has the digest \(found), not \(digest) as what names it says")
        }
    }
}
