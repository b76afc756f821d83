/// Bounds on the secrets of an app.
public enum SecretLimits {
    /// Secrets of one app.
    public static let maxCount = 64
    /// Length of one value, in UTF-8.
    public static let maxValueBytes = 16 << 10
    /// Length of all values of an app: in JSON, where a byte may take six, they still fit into a worker's environment of
    /// 1 MiB.
    public static let maxTotalBytes = 128 << 10
    /// Size of a signed list: more than 64 entries with the longest names have.
    public static let maxListBytes = 8 << 10
    /// Size of a sealed value: the value and what sealing adds.
    public static let maxSealedBytes = maxValueBytes + Secret.overheadBytes
}
