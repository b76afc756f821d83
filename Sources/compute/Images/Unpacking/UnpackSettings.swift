/// How images are unpacked.
public struct UnpackSettings: Sendable {
    /// Whose files the unpacked files become.
    public enum Ownership: Sendable, Hashable {
        /// As the image says if this process is root, else this process's own.
        case asInImage
        /// As the image says, moved by a number: the first id of the range that machines' user namespaces map to.
        /// Needs root. All machines of a cache then share one range.
        case shifted(by: UInt32)
        /// This process's own.
        case own
    }

    /// What the unpacked layers may take on the disk, in bytes. Default 20 GiB. What is in use counts but never goes;
    /// when it leaves no room, unpacking fails.
    public var limitBytes = 20 << 30
    /// Layers that are fetched and unpacked at a time, for all images together. Default 4: a network is rarely faster
    /// than two cores unpack.
    public var parallelLayers = 4
    /// What a layer may unpack to.
    public var limits = LayerLimits()
    /// Whose files they become. Default ``Ownership/asInImage``.
    public var ownership = Ownership.asInImage
    /// How deleted names are written; nil finds out what the host takes. Default nil.
    public var form: UnpackedImage.Form?

    /// The defaults.
    public init() {}
}

/// What an unpack cache holds.
public struct UnpackUsage: Sendable, Hashable, Codable {
    /// Unpacked layers, and whole images where the host has no overlay.
    public var entries: Int
    /// What they take on the disk, about.
    public var bytes: Int
    /// The part of it that holders need.
    public var heldBytes: Int
    /// What they may take.
    public var limitBytes: Int
    /// How deleted names are written.
    public var form: UnpackedImage.Form
}
