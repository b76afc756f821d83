import EdgeCache
import Origins
import Outbound

/// What a node's operator decides about origins and their stored answers: `origins` in node.json.
public struct OriginsConfiguration: Codable, Sendable, Equatable {
    /// Names of hosts that may have any address, also a private one, and any port; and addresses or blocks of them, such
    /// as `10.0.0.0/8`, that may be reached. Nobody else's address may be private.
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
    var clientSettings: OriginClient.Settings {
        var settings = OriginClient.Settings()
        for host in allowedHosts ?? [] {
            if let block = AddressBlock(host) {
                settings.addresses.allowed.append(block)
            } else {
                settings.allowedHosts.insert(host.lowercased())
            }
        }
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
