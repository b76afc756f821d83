public import NIOCore
public import Outbound

extension OriginClient {
    /// What a node's operator decides about origins.
    public struct Settings: Sendable {
        /// Which addresses may be reached. Default: public ones.
        public var addresses = AddressGuard()
        /// What may be reached besides. Default: nothing.
        public var allowedHosts: [AllowedHost] = []
        /// Folders below which apps may have directories as origins, absolute. Default: none, so no directory is allowed.
        public var allowedDirectories: [String] = []
        /// PEM certificates of authorities that are trusted besides the system's. Default: none.
        public var extraTrustRoots: [String] = []
        /// This network's name in `Via` and `CDN-Loop`, a token. Default `skerry`.
        public var pseudonym = "skerry"
        /// How long an unused connection is kept. Default 30 s.
        public var keepAlive: TimeAmount = .seconds(30)
        /// Origins whose health is remembered. Default 4,096; those longest unused are forgotten.
        public var maxOrigins = 4_096
        /// Name lookups.
        public var names = SystemNameResolver.Settings()

        /// The defaults.
        public init() {}
    }
}
