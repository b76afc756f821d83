/// Where the bytes of a stored response are, and which of them.
public struct StoredBody: Sendable, Hashable {
    /// Names the bytes for whoever keeps them, for example a blob id; empty while there are none. At most
    /// `maximumReferenceBytes`.
    public var reference: String
    /// Which bytes are held.
    public var held: ByteRangeSet
    /// Bytes of the whole representation; nil while nobody has said.
    public var totalBytes: Int64?

    /// Longest body that a record can describe, in bytes: 2^50.
    public static let maximumBytes: Int64 = 1_125_899_906_842_624
    /// Longest reference, in bytes.
    public static let maximumReferenceBytes = 1_024

    /// No bytes are held unless told otherwise.
    public init(reference: String = "", held: ByteRangeSet = .init(), totalBytes: Int64? = nil) {
        self.reference = reference
        self.held = held
        self.totalBytes = totalBytes
    }

    /// A whole body.
    public init(reference: String, wholeBytes: Int64) {
        self.init(reference: reference, held: ByteRangeSet(0..<max(0, wholeBytes)), totalBytes: max(0, wholeBytes))
    }

    /// Whether every byte is held.
    public var isWhole: Bool { totalBytes.map { held.contains(0..<max(0, $0)) } ?? false }
}
