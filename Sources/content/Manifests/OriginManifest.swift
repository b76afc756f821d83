/// Content that is fetched from elsewhere when it is asked for, and kept: what an origin's release serves.
public struct OriginManifest: Sendable, Equatable {
    /// How long to wait, in milliseconds; each is 1 to ``OriginManifest/maxTimeout``.
    public struct Timeouts: Sendable, Hashable {
        /// For a connection. Default 5,000.
        public var connect = 5_000
        /// For the first byte of an answer. Default 30,000.
        public var answer = 30_000
        /// For the next byte of a body. Default 30,000.
        public var idle = 30_000

        public init() {}
    }

    /// The longest time-out, in milliseconds.
    public static let maxTimeout = 300_000
    /// Most retries of one request.
    public static let maxRetries = 5
    /// Most gateways of an IPFS source.
    public static let maxGateways = 8
    /// The largest object that an app may want, in bytes: 1 TiB.
    public static let maxObjectBytesLimit = 1 << 40

    public var source: OriginSource
    /// What the origin is told in `Host`; nil for the source's own.
    public var host: String?
    /// Changes to what the origin is asked.
    public var request = OriginFieldChanges()
    /// Changes to what clients are answered.
    public var response = OriginFieldChanges()
    public var cache = OriginCacheRules()
    public var timeouts = Timeouts()
    /// How often a request without effects is tried again; 0 to ``maxRetries``. Default 2.
    public var retries = 2
    /// Whether the nodes of the network ask the origin through one of them. Default yes.
    public var usesShield = true
    /// Whether the node follows redirects, instead of passing them on. Default no.
    public var followsRedirects = false
    /// The largest object that is fetched, in bytes; 1 to ``maxObjectBytesLimit``. Default 16 GiB.
    public var maxObjectBytes = 16 << 30

    /// Nothing is checked here; ``problem`` does, and `Manifest.init(decoding:)` for what others wrote.
    public init(source: OriginSource) { self.source = source }

    /// Names of the secrets that the origin cannot do without.
    public var secrets: [String] { source.secrets }

    /// The first thing that is wrong, as the end of "The origin has …"; nil if nothing is.
    public var problem: String? {
        if let problem = sourceProblem { return problem }
        if let host, !OriginURL.isAuthority(host) { return "a host that is no host's name" }
        if let problem = request.problem ?? response.problem ?? cache.problem { return problem }
        for timeout in [timeouts.connect, timeouts.answer, timeouts.idle]
        where !(1...OriginManifest.maxTimeout).contains(timeout) {
            return "a time-out that is not 1 to \(OriginManifest.maxTimeout) ms"
        }
        if !(0...OriginManifest.maxRetries).contains(retries) {
            return "a number of retries that is not 0 to \(OriginManifest.maxRetries)"
        }
        if !(1...OriginManifest.maxObjectBytesLimit).contains(maxObjectBytes) {
            return "a largest object that is not 1 to \(OriginManifest.maxObjectBytesLimit) bytes"
        }
        return nil
    }

    private var sourceProblem: String? {
        switch source {
        case .server: return nil
        case .bucket(let bucket):
            if !OriginManifest.isBucket(bucket.name) {
                return "a bucket that is misnamed; use 1 to 255 letters, digits, dots, hyphens and underscores"
            }
            if !OriginManifest.isRegion(bucket.region) {
                return "a region that is misnamed; use 1 to 64 letters, digits, hyphens and underscores"
            }
            if let problem = OriginManifest.problem(withPath: bucket.prefix) { return "a prefix that \(problem)" }
            if bucket.keys != nil, source.secrets.contains(where: { !FunctionBinding.isName($0) }) {
                return "a secret that is misnamed; use letters, digits and underscores, no digit first"
            }
            return nil
        case .ipfs(let ipfs):
            if !OriginSource.IPFS.isCID(ipfs.cid) { return "a content identifier that is none" }
            if ipfs.gateways.isEmpty || ipfs.gateways.count > OriginManifest.maxGateways {
                return "not 1 to \(OriginManifest.maxGateways) gateways"
            }
            return OriginManifest.problem(withPath: ipfs.path).map { "a path that \($0)" }
        case .directory(let path):
            guard path.hasPrefix("/") else { return "a directory that is no absolute path" }
            return OriginManifest.problem(withPath: String(path.dropFirst())).map { "a directory that \($0)" }
        }
    }

    /// What is wrong with a path without slashes at its ends; nil if nothing is, or if it is empty.
    static func problem(withPath path: String) -> String? {
        path.isEmpty ? nil : SiteManifest.problem(withPath: path)
    }

    private static func isBucket(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { isWordByte($0) || $0 == UInt8(ascii: ".") }
    }

    private static func isRegion(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && name.utf8.allSatisfy(isWordByte)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
