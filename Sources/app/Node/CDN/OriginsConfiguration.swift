import EdgeCache
import Origins

/// What a node's operator decides about origins and their stored answers: `origins` in node.json.
public struct OriginsConfiguration: Codable, Sendable, Equatable {
    /// Hosts that may have private addresses: ``AllowedHost`` as text, such as `localhost:8080` or `10.0.0.0/8`.
    public var allowedHosts: [String]?
    /// Folders below which apps may have directories as origins, absolute.
    public var allowedDirectories: [String]?
    /// PEM certificates of authorities that are trusted besides the system's.
    public var trustRoots: [String]?
    /// Bytes of memory for stored answers; nil for 128 MiB.
    public var memoryBytes: Int?
    /// Bytes on the disk for stored answers; nil for 64 GiB. The blob store's quota holds as well.
    public var diskBytes: Int?

    public init() {}
}

extension OriginsConfiguration {
    /// What is wrong with the values, if anything: a sentence for the operator.
    var fault: String? {
        guard let wrong = (allowedHosts ?? []).first(where: { AllowedHost($0) == nil }) else { return nil }
        return "`\(wrong)` in `origins.allowedHosts` is no host; write a name, an address or a block such as "
            + "`10.0.0.0/8`, perhaps with a port: `localhost:8080`, `[::1]:8080`"
    }

    var clientSettings: OriginClient.Settings {
        var settings = OriginClient.Settings()
        settings.allowedHosts = (allowedHosts ?? []).compactMap { AllowedHost($0) }
        settings.allowedDirectories = allowedDirectories ?? []
        settings.extraTrustRoots = trustRoots ?? []
        return settings
    }

    var cacheSettings: EdgeCacheSettings {
        var settings = EdgeCacheSettings()
        if let memoryBytes { settings.memoryBytes = max(0, memoryBytes) }
        if let diskBytes { settings.diskBytes = max(0, diskBytes) }
        return settings
    }
}
