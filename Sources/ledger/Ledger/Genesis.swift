import Blake3
public import Foundation
public import Identity

/// What a network starts from. Its bytes name the network: whoever starts from others is on another one.
public struct Genesis: Hashable, Sendable {
    /// The largest encoding in bytes.
    public static let maxByteCount = 16 << 20
    /// The longest network name in bytes of UTF-8.
    public static let maxNameByteCount = 63

    /// For people; two networks may share it.
    public let networkName: String
    /// Milliseconds since 1970-01-01T00:00:00Z. No entry is older.
    public let timeMilliseconds: Int64
    public let parameters: NetworkParameters
    /// The accounts that exist from the beginning, in ascending order; operators of nodes become accounts too.
    public let accounts: [GenesisAccount]
    /// In ascending order of their ids, at least one.
    public let nodes: [GenesisNode]
    /// The nodes that may order transactions and sign entries, in ascending order; each is one of ``nodes``. Several
    /// need a log that they share.
    public let sequencers: [NodeID]
    /// The accounts that may change parameters, in ascending order.
    public let governors: [AccountID]
    /// Whether governors may make units out of nothing.
    public let isDevelopment: Bool

    /// The one encoding.
    public let bytes: Data
    /// The hash of ``bytes``.
    public let networkID: NetworkID

    /// The sequencers' keys.
    let sequencerKeys: [NodeID: PublicKey]

    /// Sorts all lists and checks everything.
    ///
    /// - Throws: `.badGenesis` for a repeated account or node, a sequencer that is no node, more units than
    ///   ``NetworkParameters/maxUnits``, or a value out of range.
    public init(
        networkName: String, timeMilliseconds: Int64, parameters: NetworkParameters = NetworkParameters(),
        accounts: [GenesisAccount], nodes: [GenesisNode], sequencers: [NodeID], governors: [AccountID] = [],
        isDevelopment: Bool = false
    ) throws(LedgerError) {
        let accounts = accounts.sorted { $0.id < $1.id }
        let nodes = nodes.map { (id: $0.publicKey.node, node: $0) }.sorted { $0.id < $1.id }
        let sequencers = sequencers.sorted()
        let governors = governors.sorted()
        guard (1...Genesis.maxNameByteCount).contains(networkName.utf8.count) else {
            throw LedgerError(.badGenesis, "The network's name must have 1 to \(Genesis.maxNameByteCount) bytes")
        }
        guard timeMilliseconds >= 0 else { throw LedgerError(.badGenesis, "The genesis time is before 1970") }
        try parameters.validate()
        try Genesis.checkUnique(accounts.map(\.id), "account")
        try Genesis.checkUnique(nodes.map(\.id), "node")
        try Genesis.checkUnique(sequencers, "sequencer")
        try Genesis.checkUnique(governors, "governor")
        try Genesis.checkSupply(accounts.map(\.balance) + nodes.map(\.node.stake))
        guard !sequencers.isEmpty else {
            throw LedgerError(.badGenesis, "No sequencer is listed; name at least one of the nodes")
        }
        let keys = Dictionary(nodes.map { ($0.id, $0.node.publicKey) }) { first, _ in first }
        for sequencer in sequencers where keys[sequencer] == nil {
            throw LedgerError(.badGenesis, "The sequencer \(sequencer.short) is not among the nodes; list it there")
        }
        self.networkName = networkName
        self.timeMilliseconds = timeMilliseconds
        self.parameters = parameters
        self.accounts = accounts
        self.nodes = nodes.map(\.node)
        self.sequencers = sequencers
        self.governors = governors
        self.isDevelopment = isDevelopment
        sequencerKeys = keys.filter { sequencers.contains($0.key) }
        bytes = Genesis.encode(
            networkName, timeMilliseconds, parameters, accounts, self.nodes, sequencers, governors, isDevelopment)
        guard bytes.count <= Genesis.maxByteCount else {
            throw LedgerError(
                .badGenesis, "The genesis has \(bytes.count) bytes; at most \(Genesis.maxByteCount) are allowed")
        }
        networkID = NetworkID(LedgerHash.genesis(bytes))
    }

    private static func checkUnique<ID: Comparable & CustomStringConvertible>(
        _ ids: [ID], _ what: String
    ) throws(LedgerError) {
        guard let (first, _) = zip(ids, ids.dropFirst()).first(where: ==) else { return }
        throw LedgerError(.badGenesis, "The \(what) \(first) is listed twice; remove one of the two lines")
    }

    private static func checkSupply(_ amounts: [UInt64]) throws(LedgerError) {
        var sum: UInt64 = 0
        for amount in amounts {
            let (next, overflow) = sum.addingReportingOverflow(amount)
            guard !overflow, next <= NetworkParameters.maxUnits else {
                throw LedgerError(
                    .badGenesis, "Balances and stakes are together above \(NetworkParameters.maxUnits) units")
            }
            sum = next
        }
    }
}
