/// Why an image cannot be read, imported or unpacked. Nothing of it is stored or unpacked when this is thrown.
public struct ImageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code as it is shown: `image/` and a name.
        public let description: String
        private init(_ description: String) { self.description = description }

        // MARK: Documents

        /// A text that names no image.
        public static let badReference = Code("image/bad-reference")
        /// A digest that is not `sha256:` and 64 hexadecimal digits.
        public static let badDigest = Code("image/bad-digest")
        /// An index, manifest or config that is not what the specification says.
        public static let badDocument = Code("image/bad-document")
        /// A media type that this version does not know, or does not take in this place.
        public static let unknownMediaType = Code("image/unknown-media-type")
        /// A document, layer or image above a limit of ``ImageLimits`` or ``LayerLimits``.
        public static let tooLarge = Code("image/too-large")
        /// Too many layers.
        public static let tooManyLayers = Code("image/too-many-layers")
        /// No image for the processor and system that are asked for, or more than one.
        public static let noPlatform = Code("image/no-platform")
        /// Something that the image names is not there.
        public static let notFound = Code("image/not-found")
        /// Bytes that do not have the digest by which they are named.
        public static let wrongDigest = Code("image/wrong-digest")
        /// Bytes that do not have the size that is stated.
        public static let wrongSize = Code("image/wrong-size")
        /// A layer that unpacks to something else than the config says.
        public static let wrongDiffID = Code("image/wrong-diff-id")
        /// Bytes that are no stored image.
        public static let badRecord = Code("image/bad-record")

        // MARK: Layers

        /// Compressed data that is damaged.
        public static let badCompression = Code("image/bad-compression")
        /// A tar that is malformed.
        public static let badTar = Code("image/bad-tar")
        /// A layer or archive that ends too early.
        public static let truncated = Code("image/truncated")
        /// Something follows the end of a tar.
        public static let trailingData = Code("image/trailing-data")
        /// A name that leads out of the image with `..`.
        public static let pathTraversal = Code("image/path-traversal")
        /// A name that begins with a slash.
        public static let absolutePath = Code("image/absolute-path")
        /// A name, a part of it or a link's target that is too long.
        public static let nameTooLong = Code("image/name-too-long")
        /// A name that no file can have.
        public static let badName = Code("image/bad-name")
        /// A hard link to something outside the image, to a folder or to nothing.
        public static let badLink = Code("image/bad-link")
        /// A path that leads through a symbolic link or a file of the same image.
        public static let throughLink = Code("image/through-link")
        /// A device node, named pipe or socket.
        public static let device = Code("image/device")
        /// A path that occurs twice in a layer.
        public static let duplicate = Code("image/duplicate")
        /// A sparse file.
        public static let sparse = Code("image/sparse")
        /// An entry of a kind that has no meaning in an image.
        public static let unknownEntry = Code("image/unknown-entry")
        /// A whiteout that hides no single name, or has content.
        public static let badWhiteout = Code("image/bad-whiteout")
        /// A layer that unpacks to more bytes than it may.
        public static let bomb = Code("image/layer-bomb")
        /// A layer with more entries than it may have.
        public static let tooManyEntries = Code("image/too-many-entries")
        /// A layer that unpacks to far more than its own size.
        public static let ratio = Code("image/layer-ratio")

        // MARK: Registries

        /// A registry, or a server that it names, that may not be reached from here.
        public static let refusedAddress = Code("image/refused-address")
        /// A registry asks for credentials, or refuses.
        public static let unauthorised = Code("image/unauthorised")
        /// A registry cannot be reached, or answers something else than its protocol says.
        public static let registryFailed = Code("image/registry-failed")

        // MARK: Running

        /// A user or group that the image does not know.
        public static let unknownUser = Code("image/unknown-user")

        // MARK: Here

        /// The unpack cache has no room, and what is in it is in use.
        public static let cacheFull = Code("image/cache-full")
        /// The disk is full or read-only.
        public static let diskFull = Code("image/disk-full")
        /// A file cannot be read or written.
        public static let ioFailed = Code("image/io-failed")
        /// The folder is in use by another process, or is none of a cache.
        public static let folderUnusable = Code("image/folder-unusable")
    }

    /// The kind of failure.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    /// An error of this kind.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Code and message.
    public var description: String { "\(code): \(message)" }

    /// The same failure with the place where it was found before its message.
    func at(_ place: String) -> ImageError { ImageError(code, "\(place): \(message)") }
}
