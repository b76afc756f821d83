/// Bounds of receipts.
public enum ReceiptLimits {
    /// Receipts under one signature.
    public static let maxBatch = 256
    /// The largest batch as it is kept, in bytes.
    public static let maxBatchBytes = maxBatch * maxBytes
    /// The largest signed receipt, in bytes.
    public static let maxBytes = 4 << 10
    /// The longest id, app or release, in bytes of UTF-8.
    public static let maxTextBytes = 512
}
