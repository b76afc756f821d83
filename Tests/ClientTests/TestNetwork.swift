import Blake3
import ControlAPI
import ControlModel
import Foundation
import Identity
import Ledger
import Synchronization

/// A network of four nodes with known keys, and its ledger in memory, as an honest node would have it.
final class TestNetwork: ControlLedger {
    static let genesisTime: Int64 = 1_700_000_000_000

    private struct Box {
        var state: LedgerState
        var states: [UInt64: LedgerState] = [:]
        var entries: [Entry] = []
        var outcomes: [TransactionID: (sequence: UInt64, outcome: Outcome)] = [:]
        var certified: (certificate: Certificate, state: LedgerState)?
        var handovers: [Handover] = []
        var base: LedgerBaseInfo?
        var blobs: [BlobID: Data] = [:]
    }

    let alice: SigningKey
    let bob: SigningKey
    let nodes: [SigningKey]
    let genesis: Genesis
    private let box: Mutex<Box>

    init(_ networkName: String = "test") throws {
        alice = try TestNetwork.key(1)
        bob = try TestNetwork.key(2)
        nodes = try (11...14).map(TestNetwork.key)
        var parameters = NetworkParameters()
        parameters.checkpointEntries = 1
        parameters.epochMilliseconds = 10_000
        let account = alice.publicKey.account
        genesis = try Genesis(
            networkName: networkName, timeMilliseconds: TestNetwork.genesisTime, parameters: parameters,
            accounts: [GenesisAccount(account, balance: 1_000), GenesisAccount(bob.publicKey.account)],
            nodes: try nodes.enumerated().map { index, key in
                GenesisNode(
                    publicKey: key.publicKey, operatorAccount: account,
                    peer: try Endpoint(host: "127.0.0.1", port: UInt16(7_000 + index)), stake: 10)
            }, sequencers: [nodes[0].publicKey.node], governors: [account], isDevelopment: true)
        box = Mutex(Box(state: LedgerState(genesis: genesis)))
    }

    static func key(_ number: Int) throws -> SigningKey {
        try SigningKey(rawRepresentation: Data(repeating: UInt8(number), count: 32))
    }

    static func name(_ text: String) throws -> AppName { try AppName(checking: text) }

    // MARK: The ledger

    var state: LedgerState { box.withLock { $0.state } }
    var failure: String? { nil }
    var sequencer: NodeID? { nodes[0].publicKey.node }
    var certified: (certificate: Certificate, state: LedgerState)? { box.withLock { $0.certified } }

    func waitForSequence(_ sequence: UInt64, timeout: Duration) async -> Bool { state.sequence >= sequence }

    func entries(from sequence: UInt64, limit: Int) async throws -> [Data] {
        try box.withLock { box in
            if let base = box.base, sequence <= base.sequence {
                throw ControlFailure(
                    status: 410, code: "ledger-log/truncated", message: "The log begins behind \(base.sequence)")
            }
            return box.entries.drop { $0.sequence < sequence }.prefix(limit).map(\.bytes)
        }
    }

    func outcome(of id: TransactionID) async throws -> (sequence: UInt64, outcome: Outcome)? {
        box.withLock { $0.outcomes[id] }
    }

    func base() async throws -> LedgerBaseInfo? { box.withLock { $0.base } }

    func handovers(after epoch: UInt64, limit: Int) async throws -> [Handover] {
        box.withLock { box in
            Array(box.handovers.filter { $0.certificate.checkpoint.epoch > epoch }.prefix(limit))
        }
    }

    /// An entry, whether the API still gives it or not.
    func keptEntry(_ sequence: UInt64) throws -> Data {
        try box.withLock { box in
            guard let entry = box.entries.first(where: { $0.sequence == sequence }) else {
                throw ControlFailure(status: 500, code: "", message: "no entry \(sequence)")
            }
            return entry.bytes
        }
    }

    func blob(_ id: BlobID) -> Data? { box.withLock { $0.blobs[id] } }

    func setBlob(_ id: BlobID, _ bytes: Data) { box.withLock { $0.blobs[id] = bytes } }

    func setBase(_ base: LedgerBaseInfo?) { box.withLock { $0.base = base } }

    func setCertified(_ certificate: Certificate, _ state: LedgerState) {
        box.withLock { $0.certified = (certificate, state) }
    }

    // MARK: Moving on

    /// Signs with the signer's next nonce.
    func sign(
        _ action: LedgerAction, by key: SigningKey, as role: TransactionBuilder.Role = .account, nonce: UInt64? = nil
    ) throws -> SignedTransaction {
        let builder = TransactionBuilder(networkID: genesis.networkID, key: key, as: role)
        return try builder.sign(action, nonce: nonce ?? state.nonce(of: builder.signer) + 1)
    }

    /// Appends an entry.
    @discardableResult
    func append(_ transactions: [SignedTransaction], after milliseconds: Int64 = 100) throws -> [Outcome] {
        try box.withLock { box in
            let entry = try Entry(
                following: box.state, transactions: transactions,
                timeMilliseconds: box.state.timeMilliseconds + milliseconds, key: nodes[0])
            let outcomes = try box.state.apply(entry)
            for (transaction, outcome) in zip(transactions, outcomes) {
                box.outcomes[transaction.id] = (entry.sequence, outcome)
            }
            box.entries.append(entry)
            box.states[entry.sequence] = box.state
            return outcomes
        }
    }

    /// The whole committee signs the last entry's checkpoint; nothing is recorded.
    func makeCertificate() throws -> Certificate {
        let state = state
        guard let checkpoint = state.checkpoint else {
            throw ControlFailure(status: 500, code: "", message: "no checkpoint")
        }
        return try certify(checkpoint, state.epoch.committee)
    }

    func certify(_ checkpoint: Checkpoint, _ committee: Committee) throws -> Certificate {
        let keys = Dictionary(uniqueKeysWithValues: nodes.map { ($0.publicKey.node, $0) })
        let votes = try committee.members.enumerated().compactMap { index, member -> Certificate.Vote? in
            guard let key = keys[member.node] else { return nil }
            let vote = try CheckpointVote(signing: checkpoint, with: key)
            return Certificate.Vote(member: UInt32(index), signature: vote.signature)
        }
        return Certificate(checkpoint: checkpoint, votes: votes)
    }

    /// The committee signs the last entry's checkpoint, and the API tells of it.
    @discardableResult
    func certify() throws -> Certificate {
        let certificate = try makeCertificate()
        setCertified(certificate, state)
        return certificate
    }

    /// The last of the nodes leaves, an epoch begins, and the committee hands over to the other three.
    func handOver() throws {
        let leaving = nodes[3]
        try append([try sign(.optOut(leaving.publicKey.node), by: leaving, as: .node)])
        let epoch = state.epoch
        let advance = LedgerAction.advanceEpoch(epoch: epoch.number, round: epoch.round)
        try append([try sign(advance, by: nodes[0], as: .node)], after: 20_000)
        guard let next = state.epoch.pendingCommittee else {
            throw ControlFailure(status: 500, code: "", message: "no committee is pending")
        }
        let certificate = try makeCertificate()
        try append([try sign(.recordCertificate(certificate), by: nodes[0], as: .node)])
        box.withLock { $0.handovers.append(Handover(certificate: certificate, nextCommittee: next)) }
    }

    /// Transfers of one unit to Bob, one in each entry.
    func transfer(times: Int = 1) throws {
        for _ in 0..<times {
            try append([try sign(.transfer(to: bob.publicKey.account, amount: 1), by: alice)], after: 60_000)
        }
    }

    /// Lets the log begin behind the last entry.
    @discardableResult
    func truncate() throws -> LedgerBaseInfo {
        let certificate = try makeCertificate()
        let state = state
        var bytes = Data()
        LedgerSnapshot.write(state) { bytes.append($0) }
        let id = BlobID(Blake3.hash(bytes))
        let base = LedgerBaseInfo(
            sequence: state.sequence, hash: state.headHash.hex, stateRoot: state.root.hex, snapshot: id.description,
            snapshotByteCount: UInt64(bytes.count), certificate: certificate.bytes)
        setBlob(id, bytes)
        setBase(base)
        box.withLock { box in box.outcomes = box.outcomes.filter { $0.value.sequence > state.sequence } }
        return base
    }
}
