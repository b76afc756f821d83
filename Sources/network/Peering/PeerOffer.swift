import Wire

/// What one side of a connection speaks, as its hello says: the core of the handshake above TLS.
struct PeerOffer: Hashable, Sendable {
    /// From the oldest protocol version that the side accepts to the one that it prefers; 1 and above.
    var versions: ClosedRange<UInt32>
    var capabilities: PeerCapabilities = []

    /// This build's.
    static let current = PeerOffer(versions: 1...1)

    /// What both sides keep to from now on; nil if they have no version in common.
    func agreement(with peer: PeerOffer) -> PeerAgreement? {
        let version = min(versions.upperBound, peer.versions.upperBound)
        guard versions.contains(version), peer.versions.contains(version) else { return nil }
        return PeerAgreement(version: version, capabilities: capabilities.intersection(peer.capabilities))
    }
}

extension PeerOffer {
    /// Reads an offer; nil for one that contradicts itself. A side that names no oldest version accepts its own only.
    init?(_ hello: PeerPBHello) {
        let newest = hello.protocolVersion
        let oldest = hello.minimumVersion == 0 ? newest : hello.minimumVersion
        guard oldest >= 1, oldest <= newest else { return nil }
        self.init(versions: oldest...newest, capabilities: PeerCapabilities(rawValue: hello.capabilities))
    }

    /// Writes the offer into a hello.
    func write(to hello: inout PeerPBHello) {
        hello.protocolVersion = versions.upperBound
        hello.minimumVersion = versions.lowerBound
        hello.capabilities = capabilities.rawValue
    }
}

/// What the two sides of a connection have in common.
struct PeerAgreement: Hashable, Sendable {
    /// The older one of the versions that the sides prefer.
    let version: UInt32
    let capabilities: PeerCapabilities
}
