import Blake3
import Client
import ControlAPI
import ControlModel
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import NIOCore
import Synchronization
import Testing

/// A node with a real keeper on SQLite behind its control API.
private final class KeeperNode: TestBackend, ControlLedger {
    let keeper: LedgerKeeper
    let blobs = Mutex<[BlobID: Data]>([:])

    init(_ keeper: LedgerKeeper) { self.keeper = keeper }

    var node: NodeID { keeper.node }
    var ledger: any ControlLedger { self }
    var state: LedgerState { keeper.state }
    var failure: String? { keeper.failure.map { "\($0)" } }
    var sequencer: NodeID? { keeper.sequencer }
    var certified: (certificate: Certificate, state: LedgerState)? { keeper.certified }

    func status() async -> NodeStatus {
        NodeStatus(
            id: node.description, network: state.networkID.description, version: "test", gateway: "", peer: "",
            control: "", data: "", pid: 1, ready: true, detail: "",
            ledger: .init(sequence: state.sequence, root: state.root.hex, sequencer: true), peers: [], blobCount: 0,
            blobBytes: 0)
    }

    func waitForSequence(_ sequence: UInt64, timeout: Duration) async -> Bool {
        await keeper.waitForSequence(sequence, timeout: timeout)
    }

    func entries(from sequence: UInt64, limit: Int) async throws -> [Data] {
        do {
            return try await keeper.entries(from: sequence, limit: limit)
        } catch let error as LedgerLogError {
            throw ControlFailure(
                status: error.code == .truncated ? 410 : 503, code: error.code.description, message: error.message)
        }
    }

    func outcome(of id: TransactionID) async throws -> (sequence: UInt64, outcome: Outcome)? {
        try await keeper.outcome(of: id).map { ($0.sequence, $0.outcome) }
    }

    func base() async throws -> LedgerBaseInfo? {
        guard let base = try await keeper.base() else { return nil }
        return LedgerBaseInfo(
            sequence: base.sequence, hash: base.hash.hex, stateRoot: base.stateRoot.hex,
            snapshot: base.snapshot.description, snapshotByteCount: base.snapshotByteCount,
            certificate: base.certificate)
    }

    func handovers(after epoch: UInt64, limit: Int) async throws -> [Handover] {
        try await keeper.handovers(after: epoch, limit: limit)
    }

    func submit(_ transaction: ByteBuffer) async throws -> TransactionReceipt {
        let bytes = Data(transaction.readableBytesView)
        let result = try await keeper.submit(bytes)
        if let refusal = result.outcome.refusal {
            throw ControlFailure(status: 409, code: refusal.code.description, message: refusal.message)
        }
        return TransactionReceipt(
            id: try SignedTransaction(decoding: bytes).id.description, sequence: result.sequence, release: nil,
            applied: [node.description], behind: [])
    }

    func content(_ id: BlobID) async throws -> (any ControlBlob)? {
        blobs.withLock { $0[id] }.map { Content(bytes: $0) }
    }

    private struct Content: ControlBlob {
        let bytes: Data
        var byteCount: Int { bytes.count }
        var blockCount: Int { 1 }
        func block(_ index: Int) async throws -> ByteBuffer { ByteBuffer(bytes: bytes) }
    }
}

@Suite("Over a keeper", .timeLimit(.minutes(1)))
struct KeeperTests {
    private static func open(
        _ network: TestNetwork, _ path: String, key: SigningKey, snapshot: LedgerState? = nil, now: Int64
    ) async throws -> LedgerKeeper {
        try await LedgerKeeper.open(
            local: try SQLiteLedgerLog(path: path, genesis: network.genesis), genesis: network.genesis,
            snapshot: snapshot, nodeKey: key, now: { now },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    @Test func submittedProvedTruncatedAndBroughtToANewNode() async throws {
        let network = try TestNetwork()
        let (alice, bob, sequencer) = (network.alice, network.bob.publicKey.account, network.nodes[0])
        let folder = try TemporaryFolder()
        let now = TestNetwork.genesisTime + 60_000
        let keeper = try await Self.open(network, folder.file("first.sqlite"), key: sequencer, now: now)
        let node = KeeperNode(keeper)
        try await node.serve { url async throws in
            let id = network.genesis.networkID
            let client = LedgerClient(NodeClient(control: url), network: id)
            for _ in 0..<5 { _ = try await client.submit(.transfer(to: bob, amount: 2), key: alice) }
            let certified = keeper.state
            let certificate = try network.certify(try #require(certified.checkpoint), certified.epoch.committee)
            let receipt = try await client.submit(.recordCertificate(certificate), key: sequencer, as: .node)
            #expect(receipt.sequence == certified.sequence + 1)
            let transaction = try #require(TransactionID(receipt.id))
            #expect(try await client.transaction(transaction)?.verb == "record-certificate")

            let verifier = LedgerVerifier(client: client, network: id, now: { now })
            let account = try await verifier.account(bob)
            #expect(account.value?.balance == 10)
            #expect(account.checkpoint == certified.checkpoint)

            var bytes = Data()
            LedgerSnapshot.write(certified) { bytes.append($0) }
            let blob = BlobID(Blake3.hash(bytes))
            node.blobs.withLock { $0[blob] = bytes }
            try await keeper.truncate(
                to: LogBase(
                    sequence: certified.sequence, hash: certified.headHash, stateRoot: certified.root, snapshot: blob,
                    snapshotByteCount: UInt64(bytes.count), certificate: certificate.bytes))
            _ = try await client.submit(.transfer(to: bob, amount: 1), key: alice)
            #expect(await code { _ = try await client.entries(from: 1) } == "ledger-log/truncated")

            let files = LedgerBootstrap.Files(
                genesis: folder.file("genesis"), snapshot: folder.file("ledger-base"),
                log: folder.file("second.sqlite"))
            let result = try await LedgerBootstrap(client: client, network: id).run(into: files)
            #expect(result.baseSequence == certified.sequence)
            #expect(result.state.root == keeper.state.root)
            let follower = try await Self.open(
                network, files.log, key: network.nodes[1], snapshot: certified, now: now)
            #expect(follower.state.root == keeper.state.root)
            #expect(follower.certified?.certificate == certificate)
            try await follower.close()
        }
        try await keeper.close()
    }

    @Test func aRefusalIsToldToWhoeverAsks() async throws {
        let network = try TestNetwork()
        let folder = try TemporaryFolder()
        let keeper = try await Self.open(
            network, folder.file("ledger.sqlite"), key: network.nodes[0], now: TestNetwork.genesisTime + 60_000)
        try await KeeperNode(keeper).serve { url async throws in
            let client = LedgerClient(NodeClient(control: url), network: network.genesis.networkID)
            let bad = try TransactionBuilder(networkID: network.genesis.networkID, key: network.alice)
                .sign(.transfer(to: network.bob.publicKey.account, amount: .max), nonce: 1)
            #expect(await code { _ = try await client.submit(bad) } == "ledger/insufficient-balance")
            let info = try #require(try await client.transaction(bad.id))
            #expect(info.outcome == "refused")
            #expect(info.refusalCode == "ledger/insufficient-balance")
            #expect(info.signerKind.isEmpty, "no entry holds it")
            #expect(try await client.transaction(TransactionID(Blake3.hash([]))) == nil)
        }
        try await keeper.close()
    }
}
