/// A line that a machine's program wrote.
public struct MachineLogLine: Sendable, Hashable {
    /// Where it wrote it.
    public enum Stream: String, Sendable, Hashable, Codable {
        case stdout, stderr
    }

    /// When it was read, in nanoseconds since 1970 UTC.
    public var at: Int64
    /// Where it was written.
    public var stream: Stream
    /// The line without its end; at most `maxBytes`.
    public var text: String
    /// It goes on in the next line of this stream.
    public var isPartial: Bool

    /// Longer lines come in parts.
    public static let maxBytes = 16 << 10

    /// A line.
    public init(at: Int64, stream: Stream, text: String, isPartial: Bool = false) {
        self.at = at
        self.stream = stream
        self.text = text
        self.isPartial = isPartial
    }
}
