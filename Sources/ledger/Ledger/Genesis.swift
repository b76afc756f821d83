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
    public let accounts: [AccountID]
    /// In ascending order of their ids, at least one.
    public let nodes: [GenesisNode]
    /// The node that orders transactions and signs entries; one of ``nodes``.
    public let sequencer: NodeID

    /// The one encoding.
    public let bytes: Data
    /// The hash of ``bytes``.
    public let networkID: NetworkID

    /// The sequencer's key.
    let sequencerKey: PublicKey

    /// Sorts accounts and nodes and checks everything.
    ///
    /// - Throws: `.badGenesis` for a repeated account or node, a sequencer that is no node, or a value out of range.
    public init(
        networkName: String, timeMilliseconds: Int64, parameters: NetworkParameters = NetworkParameters(),
        accounts: [AccountID], nodes: [GenesisNode], sequencer: NodeID
    ) throws(LedgerError) {
        let accounts = accounts.sorted()
        let nodes = nodes.map { (id: $0.publicKey.node, node: $0) }.sorted { $0.id < $1.id }
        guard (1...Genesis.maxNameByteCount).contains(networkName.utf8.count) else {
            throw LedgerError(.badGenesis, "The network's name must have 1 to \(Genesis.maxNameByteCount) bytes")
        }
        guard timeMilliseconds >= 0 else { throw LedgerError(.badGenesis, "The genesis time is before 1970") }
        try parameters.validate()
        guard !zip(accounts, accounts.dropFirst()).contains(where: ==) else {
            throw LedgerError(.badGenesis, "An account is listed twice; remove one of the two lines")
        }
        guard !zip(nodes, nodes.dropFirst()).contains(where: { $0.id == $1.id }) else {
            throw LedgerError(.badGenesis, "A node is listed twice; remove one of the two lines")
        }
        guard let leader = nodes.first(where: { $0.id == sequencer }) else {
            throw LedgerError(.badGenesis, "The sequencer \(sequencer.short) is not among the nodes; list it there")
        }
        self.networkName = networkName
        self.timeMilliseconds = timeMilliseconds
        self.parameters = parameters
        self.accounts = accounts
        self.nodes = nodes.map(\.node)
        self.sequencer = sequencer
        sequencerKey = leader.node.publicKey
        bytes = Genesis.encode(networkName, timeMilliseconds, parameters, accounts, self.nodes, sequencer)
        guard bytes.count <= Genesis.maxByteCount else {
            throw LedgerError(
                .badGenesis, "The genesis has \(bytes.count) bytes; at most \(Genesis.maxByteCount) are allowed")
        }
        networkID = NetworkID(LedgerHash.genesis(bytes))
    }
}
