public import NIOCore
public import Outbound

/// How registries are reached.
public struct RegistrySettings: Sendable {
    /// Which addresses may be connected to. Default: public ones.
    public var addresses = AddressGuard()
    /// Whether the registry that the reference names is reached wherever it is, also at a private address or on this
    /// machine. True only where the reference comes from whoever owns this machine; what the registry then names itself
    /// (token servers, redirects) is always judged by ``addresses``. Default false.
    public var trustsNamedRegistry = false
    /// PEM certificates that are trusted besides the system's.
    public var trustedCertificates: [String] = []
    /// Time for connecting. Default 10 s.
    public var connectTimeout = TimeAmount.seconds(10)
    /// Time until an answer begins. Default 30 s.
    public var answerTimeout = TimeAmount.seconds(30)
    /// A layer that comes slower than this on average is given up, in bytes a second. Default 16 KiB.
    public var minimumRate = 16 << 10
    /// Redirects of one request. Default 5.
    public var maxRedirects = 5

    /// The defaults.
    public init() {}
}
