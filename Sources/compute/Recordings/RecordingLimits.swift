/// Bounds of recordings. Whoever makes one and whoever reads one keeps to them.
public enum RecordingLimits {
    /// The largest file: 32 MiB.
    public static let maxFileBytes = 32 << 20
    /// Bytes of bodies and values in a transcript: 16 MiB.
    public static let maxTranscriptBytes = 16 << 20
    /// The largest body of an answer: 8 MiB.
    public static let maxOutputBytes = 8 << 20
    /// Calls that an invocation makes.
    public static let maxCalls = 2_048
    /// Events that an invocation hears of, timers included.
    public static let maxEvents = 65_536
    /// Header lines of the request or the answer.
    public static let maxHeaders = 512
    /// The longest name, code or message, in bytes of UTF-8: 64 KiB.
    public static let maxTextBytes = 64 << 10
    /// The longest value of a call, or environment, in bytes of UTF-8: 1 MiB.
    public static let maxValueBytes = 1 << 20
    /// The seed of an invocation's randomness, in bytes.
    public static let seedBytes = 32
}
