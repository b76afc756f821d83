import Blake3
import ControlModel
import Foundation
import Identity
import Ledger
import Testing

@Suite("Rows of the ledger in JSON")
struct LedgerModelTests {
    private let key: SigningKey
    private let genesis: Genesis

    init() throws {
        key = try SigningKey(rawRepresentation: Data(repeating: 1, count: 32))
        genesis = try Genesis(
            networkName: "test", timeMilliseconds: 0, accounts: [GenesisAccount(key.publicKey.account)],
            nodes: [
                GenesisNode(
                    publicKey: key.publicKey, operatorAccount: key.publicKey.account,
                    peer: try Endpoint(host: "127.0.0.1", port: 7_000))
            ], sequencers: [key.publicKey.node], governors: [key.publicKey.account])
    }

    /// The state after these actions of the one account.
    private func state(_ actions: LedgerAction...) throws -> LedgerState {
        var state = LedgerState(genesis: genesis)
        let builder = TransactionBuilder(networkID: genesis.networkID, key: key)
        for action in actions {
            let transaction = try builder.sign(action, nonce: state.nonce(of: builder.signer) + 1)
            #expect(state.execute(transaction, timeMilliseconds: 0).isApplied)
        }
        return state
    }

    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test("A node's capacity and evidence are told where there are any")
    func nodes() throws {
        let second = try SigningKey(rawRepresentation: Data(repeating: 2, count: 32))
        let account = key.publicKey.account
        let state = try state(
            .registerNode(
                publicKey: second.publicKey, peer: Endpoint(host: "h", port: 1), gateway: nil,
                possessionProof: NodePossession.prove(second, operatorAccount: account, network: genesis.networkID),
                capacity: NodeCapacity(storageBytes: 1, memoryBytes: 2, cpuMillis: 3, bandwidthBytesPerSecond: 4),
                admissionEvidence: Data([5])))
        let record = try #require(state.node(second.publicKey.node))
        let told = try json(LedgerNodeInfo(record, committee: [], epoch: 0))
        #expect(
            told.contains(
                #""capacity":{"bandwidthBytesPerSecond":4,"cpuMillis":3,"memoryBytes":2,"storageBytes":1}"#), "\(told)")
        #expect(told.contains("\"admissionEvidence\":\"\(Blake3.hash([5]).hex)\""), "\(told)")
        let plain = try #require(state.node(key.publicKey.node))
        let short = try json(LedgerNodeInfo(plain, committee: [], epoch: 0))
        #expect(!short.contains("capacity") && !short.contains("admissionEvidence"), "\(short)")
    }

    @Test("What a release asks for is told where it asks for something")
    func releases() throws {
        let name = try AppName(checking: "shop")
        var release = NewRelease(kind: .site, manifest: BlobID(Blake3.hash([1])), manifestByteCount: 1)
        let first = LedgerAction.publishRelease(name, release)
        release.sizeClass = SizeClass("shared-1x-256")
        release.replicas = 5
        release.secretsEnvelope = Blake3.hash([6])
        let state = try state(.claimName(name), first, .publishRelease(name, release))
        let record = try #require(state.name(name))
        let releases = NameInfo(record, releases: state.releases(of: name), domains: []).releases
        #expect(releases.map(\.sizeClass) == [nil, "shared-1x-256"])
        #expect(releases.map(\.replicas) == [nil, 5])
        #expect(releases.map(\.secretsEnvelope) == [nil, Blake3.hash([6]).hex])
        #expect(try json(releases[1]).contains("\"replicas\":5"))
        let asked = LedgerAction.publishRelease(name, release).arguments.map(\.name)
        #expect(asked.suffix(3) == ["sizeClass", "replicas", "secretsEnvelope"])
    }

    @Test("An epoch has the length that its round began with")
    func epochs() throws {
        let state = try state(.changeParameter(.value(name: "epoch_ms", 1_000)))
        let length = EpochInfo(state, certified: nil).lengthMilliseconds
        #expect(length == genesis.parameters.epochMilliseconds && length != 1_000)
    }
}
