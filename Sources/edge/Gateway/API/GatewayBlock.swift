/// The unit in which blobs are read.
public enum GatewayBlock {
    /// 256 KiB; the last block of a blob may be shorter.
    public static let byteCount = 256 * 1024
}
