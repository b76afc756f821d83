/// Bounds of the worker's socket. Both sides enforce them; breaking one ends the connection.
public enum WireLimits {
    /// The largest frame, counted after the length prefix: 16 MiB.
    public static let maxFrameBytes = 16 << 20
    /// The most header lines that a frame may carry.
    public static let maxHeaderCount = 512
    /// The longest header name or value, in bytes of UTF-8.
    public static let maxHeaderBytes = 64 << 10
    /// The longest URL, in bytes of UTF-8.
    public static let maxURLBytes = 64 << 10
    /// The longest console line or error text, in bytes of UTF-8; a worker cuts longer ones.
    public static let maxTextBytes = 64 << 10
    /// Console lines that one request may write; another one says that the rest is dropped.
    public static let maxLogLines = 1_000
    /// The longest JSON text of a call, a result or an environment, in bytes.
    public static let maxValueBytes = 1 << 20
    /// Bytes of a body that may be on their way before its receiver grants more, behind the body's first part: 256 KiB.
    public static let bodyWindow = 256 << 10
    /// The largest part of a body: 64 KiB.
    public static let maxPartBytes = 64 << 10
    /// The body that a call brings along in its own frame; a longer one follows in parts. 1 MiB.
    public static let maxCallBodyBytes = 1 << 20
    /// Bytes that wait for a worker to read them: more than all that it can have asked for at once, with values and first
    /// parts as long as they may be.
    public static let maxUnreadBytes = 512 << 20
    /// The seed of a driven worker, in bytes.
    public static let seedBytes = 32
    /// The version that a worker announces in its hello. A pool refuses any other.
    public static let protocolVersion: UInt32 = 4
}
