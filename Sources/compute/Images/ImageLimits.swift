/// What an image's documents may have at most. The limits of layers are in ``LayerLimits``.
public enum ImageLimits {
    /// An index or manifest, in bytes. Registries take up to 4 MiB (OCI Distribution 1.1, "Pushing Manifests"); those
    /// of real images have some kilobytes.
    public static let maxManifestBytes = 1 << 20
    /// A config, in bytes.
    public static let maxConfigBytes = 1 << 20
    /// Descriptors in an index.
    public static let maxIndexEntries = 1_024
    /// Indexes inside indexes.
    public static let maxIndexDepth = 3
    /// Layers of an image: what an overlay mount takes in one call is not much more.
    public static let maxLayers = 127
    /// A layer as it is transferred, in bytes.
    public static let maxLayerBytes = 8 << 30
    /// All layers of an image as they are transferred, in bytes.
    public static let maxImageBytes = 32 << 30
    /// A media type, in bytes (RFC 6838, section 4.2 allows 127 on each side of the slash).
    public static let maxMediaTypeBytes = 255
    /// Texts in a list of a config: command, environment, ports, volumes, labels.
    public static let maxConfigItems = 4_096
    /// One such text, in bytes: what Linux takes as one argument.
    public static let maxConfigTextBytes = 128 << 10
    /// Magic, version, three lengths, two documents and the layers' ids.
    public static let maxRecordBytes = 64 + maxManifestBytes + maxConfigBytes + 32 * maxLayers
}
