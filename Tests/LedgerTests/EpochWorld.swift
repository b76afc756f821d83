import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

/// A network of equal nodes, each with an operator of its own, whose epochs, checkpoints and certificates tests drive.
struct EpochWorld {
    static let start: Int64 = 1_700_000_000_000
    static let length: UInt64 = 10_000

    let genesis: Genesis
    /// Of all nodes that the tests may use, by id.
    let nodeKeys: [NodeID: SigningKey]
    /// The account that operates node `i`.
    let operators: [SigningKey]
    /// Ids by the order in which the nodes were made; the first `genesisCount` are in the genesis.
    let ids: [NodeID]
    var state: LedgerState
    /// The next entry's time.
    var time = EpochWorld.start
    /// The handovers that took effect, oldest first.
    var handovers: [Handover] = []
    /// All entries.
    var entries: [Data] = []

    /// - Parameters:
    ///   - spare: Nodes that are not in the genesis.
    ///   - stakes: Of the genesis nodes; 1,000 for those that are not listed.
    ///   - sequencers: So many of the genesis nodes may order.
    ///   - isGoverned: Whether the first node's operator may change parameters.
    init(
        nodes count: Int, spare: Int = 0, operatorCount: Int? = nil, stakes: [UInt64] = [], hosts: [String] = [],
        sequencers: Int = 1, isGoverned: Bool = false,
        _ change: (inout NetworkParameters) -> Void = { _ in }
    ) throws {
        let keys = try (0..<count + spare).map { try EpochWorld.key("node \($0)") }
        operators = try (0..<count + spare).map { try EpochWorld.key("operator \($0 % (operatorCount ?? .max))") }
        ids = keys.map(\.publicKey.node)
        nodeKeys = Dictionary(uniqueKeysWithValues: zip(ids, keys))
        var parameters = NetworkParameters()
        parameters.epochMilliseconds = EpochWorld.length
        parameters.checkpointMilliseconds = 1_000_000_000
        change(&parameters)
        var nodes: [GenesisNode] = []
        for index in 0..<count {
            nodes.append(
                GenesisNode(
                    publicKey: keys[index].publicKey, operatorAccount: operators[index].publicKey.account,
                    peer: try Endpoint(host: index < hosts.count ? hosts[index] : "127.0.0.1", port: 7_000),
                    stake: index < stakes.count ? stakes[index] : 1_000))
        }
        let accounts = Set(operators.map(\.publicKey.account)).map { GenesisAccount($0, balance: 1_000_000) }
        genesis = try Genesis(
            networkName: "epochs", timeMilliseconds: EpochWorld.start, parameters: parameters, accounts: accounts,
            nodes: nodes, sequencers: Array(ids.prefix(sequencers)),
            governors: isGoverned ? [operators[0].publicKey.account] : [])
        state = LedgerState(genesis: genesis)
    }

    static func key(_ text: String) throws -> SigningKey {
        try SigningKey(rawRepresentation: Data(Blake3.hash(Array(text.utf8)).bytes))
    }

    func key(_ id: NodeID) throws -> SigningKey { try #require(nodeKeys[id]) }

    // MARK: Transactions

    func sign(_ action: LedgerAction, by node: NodeID) throws -> SignedTransaction {
        let builder = TransactionBuilder(networkID: genesis.networkID, key: try key(node), as: .node)
        return try builder.sign(action, nonce: state.nonce(of: builder.signer) + 1)
    }

    func sign(_ action: LedgerAction, byOperatorOf index: Int) throws -> SignedTransaction {
        let builder = TransactionBuilder(networkID: genesis.networkID, key: operators[index])
        return try builder.sign(action, nonce: state.nonce(of: builder.signer) + 1)
    }

    /// Applies an entry with these transactions at the present time.
    @discardableResult
    mutating func enter(_ transactions: [SignedTransaction]) throws -> [Outcome] {
        let entry = try Entry(
            following: state, transactions: transactions, timeMilliseconds: time, key: try key(ids[0]))
        entries.append(entry.bytes)
        return try state.apply(entry)
    }

    /// Applies an entry with one node's transaction; the code of its refusal, or nil.
    @discardableResult
    mutating func run(_ action: LedgerAction, by node: NodeID) throws -> LedgerError.Code? {
        try enter([sign(action, by: node)]).first?.refusal?.code
    }

    @discardableResult
    mutating func run(_ action: LedgerAction, byOperatorOf index: Int) throws -> LedgerError.Code? {
        try enter([sign(action, byOperatorOf: index)]).first?.refusal?.code
    }

    // MARK: Epochs

    /// What a node reveals in the present round.
    func secret(_ node: NodeID) -> Digest {
        Blake3.hash(node.digest.bytes + Array("\(state.epoch.number) \(state.epoch.round)".utf8))
    }

    func commitAction(_ node: NodeID) -> LedgerAction {
        let (epoch, round) = (state.epoch.number, state.epoch.round)
        let commitment = Beacon.commitment(to: secret(node), epoch: epoch, round: round, by: node)
        return .beaconCommit(epoch: epoch, round: round, commitment: commitment)
    }

    func revealAction(_ node: NodeID) -> LedgerAction {
        .beaconReveal(epoch: state.epoch.number, round: state.epoch.round, reveal: secret(node))
    }

    var advanceAction: LedgerAction { .advanceEpoch(epoch: state.epoch.number, round: state.epoch.round) }

    /// Plays one round: `committing` commit, all of them but `silent` reveal, and somebody ends it.
    mutating func playRound(committing: [NodeID], silent: Set<NodeID> = []) throws {
        for outcome in try enter(committing.map { try sign(commitAction($0), by: $0) }) { #expect(outcome.isApplied) }
        time += Int64(EpochWorld.length) / 2
        let revealing = committing.filter { !silent.contains($0) }
        for outcome in try enter(revealing.map { try sign(revealAction($0), by: $0) }) { #expect(outcome.isApplied) }
        time += Int64(EpochWorld.length) / 2
        #expect(try run(advanceAction, by: ids[0]) == nil)
    }

    // MARK: Certificates

    /// The last entry's.
    func lastCheckpoint() throws -> Checkpoint { try #require(state.checkpoint) }

    /// A certificate by the first members of the committee in force that suffice, or by so many.
    func certify(_ checkpoint: Checkpoint, votes: Int? = nil) throws -> Certificate? {
        var collector = CertificateCollector(checkpoint: checkpoint, committee: state.epoch.committee)
        for node in state.epoch.committee.nodes.prefix(votes ?? .max) {
            if let certificate = collector.add(try CheckpointVote(signing: checkpoint, with: key(node))) {
                return certificate
            }
        }
        return nil
    }

    /// Has the committee certify the checkpoint of the last entry and records that; notes a handover.
    @discardableResult
    mutating func certifyLast() throws -> Certificate {
        let checkpoint = try #require(state.checkpoint)
        let certificate = try #require(try certify(checkpoint))
        #expect(try record(certificate) == nil)
        return certificate
    }

    /// Records a certificate; notes a handover.
    mutating func record(_ certificate: Certificate) throws -> LedgerError.Code? {
        let before = state.epoch
        let code = try run(.recordCertificate(certificate), by: ids[0])
        if state.epoch.committee != before.committee {
            handovers.append(Handover(certificate: certificate, nextCommittee: state.epoch.committee))
        }
        return code
    }
}
