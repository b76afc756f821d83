/// The processor and system that an image is for; the system is always Linux.
public enum ImagePlatform: String, Sendable, Hashable, CaseIterable, Codable, CustomStringConvertible {
    /// x86-64.
    case amd64
    /// 64-bit ARM.
    case arm64

    /// This machine's.
    public static var current: ImagePlatform {
        #if arch(arm64)
            .arm64
        #else
            .amd64
        #endif
    }

    /// From `linux/amd64` or `linux/arm64` (also with `/v8`); nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "linux/amd64": self = .amd64
        case "linux/arm64", "linux/arm64/v8": self = .arm64
        default: return nil
        }
    }

    /// Such as `linux/amd64`.
    public var description: String { "linux/\(rawValue)" }

    /// Whether a document's platform is this one. ARM's version 8 is the only one with 64 bits that images name.
    func matches(os: String, architecture: String, variant: String?) -> Bool {
        guard os == "linux", architecture == rawValue else { return false }
        guard self == .arm64, let variant, !variant.isEmpty else { return true }
        return variant == "v8"
    }
}
