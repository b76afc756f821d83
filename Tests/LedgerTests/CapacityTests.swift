import Blake3
import Foundation
import Identity
import SwiftProtobuf
import Testing
import Wire

@testable import Ledger

/// What nodes offer and showed at the door, and what releases ask for.
@Suite struct CapacityTests {
    private static let capacity = NodeCapacity(
        storageBytes: 1 << 40, memoryBytes: 1 << 33, cpuMillis: 8_000, bandwidthBytesPerSecond: 125_000_000)

    private let endpoint: Endpoint
    private let name: AppName

    init() throws {
        endpoint = try Endpoint(host: "10.0.0.1", port: 9)
        name = try AppName(checking: "shop")
    }

    private func register(
        _ world: World, _ key: SigningKey, _ capacity: NodeCapacity = NodeCapacity(), evidence: Data = Data()
    ) throws -> LedgerAction {
        let proof = try NodePossession.prove(
            key, operatorAccount: world.bob.publicKey.account, network: world.genesis.networkID)
        return .registerNode(
            publicKey: key.publicKey, peer: endpoint, gateway: nil, possessionProof: proof, capacity: capacity,
            admissionEvidence: evidence)
    }

    private func bytes(_ row: some MerkleRow) -> [UInt8] {
        var encoder = RowEncoder()
        row.encode(into: &encoder)
        return encoder.bytes
    }

    // MARK: Nodes

    @Test func nodesSayWhatTheyOfferAndWhatTheyShowed() throws {
        var world = try World()
        let key = try World.key(20)
        let evidence = Data("a quote".utf8)
        #expect(try world.refusal(register(world, key, Self.capacity, evidence: evidence), by: world.bob) == nil)
        let node = try #require(world.state.node(key.publicKey.node))
        #expect(node.capacity == Self.capacity)
        #expect(node.admissionEvidence == Blake3.hash(evidence))
        let plain = try World.key(21)
        #expect(try world.refusal(register(world, plain), by: world.bob) == nil)
        #expect(world.state.node(plain.publicKey.node)?.admissionEvidence == nil)

        let proof = world.state.proof(ofNode: node.id)
        #expect(try StateProof(decoding: proof.bytes).node(node.id, root: world.state.root) == node)
        world.state.sealTables()
        #expect(world.state.root != LedgerState(genesis: world.genesis).root)
    }

    @Test func updatesKeepReplaceOrRemoveTheCapacity() throws {
        var world = try World()
        let id = world.helper.publicKey.node
        func update(_ port: UInt16, _ capacity: NodeCapacity?) throws -> LedgerError.Code? {
            let peer = try Endpoint(host: "h", port: port)
            let action = LedgerAction.updateNode(id, peer: peer, gateway: nil, capacity: capacity)
            return try world.refusal(action, by: world.helper, as: .node)
        }
        #expect(try update(1, Self.capacity) == nil)
        #expect(try update(1, Self.capacity) == .alreadyDone)
        #expect(try update(1, nil) == .alreadyDone)
        #expect(try update(2, nil) == nil)
        #expect(world.state.node(id)?.capacity == Self.capacity)
        #expect(try update(2, NodeCapacity(cpuMillis: 1)) == nil)
        #expect(world.state.node(id)?.capacity == NodeCapacity(cpuMillis: 1))
        #expect(try update(2, NodeCapacity()) == nil)
        #expect(world.state.node(id)?.capacity.isEmpty == true)
    }

    @Test func numbersAndEvidenceAtTheirLimitsAndOnePast() throws {
        var world = try World()
        let (most, id) = (NodeCapacity.maxValue, world.helper.publicKey.node)
        let fields: [WritableKeyPath<NodeCapacity, UInt64>] = [
            \.storageBytes, \.memoryBytes, \.cpuMillis, \.bandwidthBytesPerSecond,
        ]
        for field in fields {
            var capacity = NodeCapacity()
            capacity[keyPath: field] = most + 1
            let tooMuch = LedgerAction.updateNode(id, peer: endpoint, gateway: nil, capacity: capacity)
            #expect(try world.refusal(tooMuch, by: world.bob) == .tooLarge)
            #expect(try world.refusal(register(world, World.key(20), capacity), by: world.bob) == .tooLarge)
            capacity[keyPath: field] = most
            let allowed = LedgerAction.updateNode(id, peer: endpoint, gateway: nil, capacity: capacity)
            #expect(try world.refusal(allowed, by: world.bob) == nil)
        }
        let limit = NodeRecord.maxAdmissionEvidenceBytes
        let long = try register(world, World.key(20), evidence: Data(count: limit + 1))
        #expect(try world.refusal(long, by: world.bob) == .tooLarge)
        let longest = try register(world, World.key(20), evidence: Data(count: limit))
        #expect(try world.refusal(longest, by: world.bob) == nil)
    }

    /// Nothing is said in one way only.
    @Test func anEmptyCapacityIsNotWrittenOut() throws {
        let world = try World()
        let signed = try world.sign(register(world, World.key(20)), by: world.bob)
        var envelope = try LedgerPBTransaction(serializedBytes: signed.bytes)
        var body = try LedgerPBTransactionBody(serializedBytes: envelope.body)
        body.registerNode.capacity = LedgerPBNodeCapacity()
        let bytes = try body.serializedData() as Data
        envelope.body = bytes
        envelope.signature = try world.bob.sign(Data("skerry 2026-11 transaction\n".utf8) + bytes)
        let spelled = try envelope.serializedData() as Data
        #expect { try SignedTransaction(decoding: spelled) } throws: { ($0 as? LedgerError)?.code == .malformed }
    }

    // MARK: Releases

    @Test func releasesSayWhatTheyAskFor() throws {
        var world = try World()
        try world.run(.claimName(name), by: world.alice)
        var release = World.site(1)
        release.sizeClass = try SizeClass(checking: "shared-1x-256")
        release.replicas = NewRelease.maxReplicas
        release.secretsEnvelope = World.blob(9).digest
        guard case .applied(let id?) = try world.run(.publishRelease(name, release), by: world.alice) else {
            Issue.record("publishing was refused")
            return
        }
        let record = try #require(world.state.release(id, of: name))
        #expect(record.sizeClass == release.sizeClass)
        #expect(record.replicas == 64)
        #expect(record.secretsEnvelope == release.secretsEnvelope)
        let proof = world.state.proof(ofRelease: id, of: name)
        #expect(try StateProof(decoding: proof.bytes).release(id, of: name, root: world.state.root) == record)
        release.replicas += 1
        #expect(try world.refusal(.publishRelease(name, release), by: world.alice) == .tooLarge)
    }

    @Test func sizeClassesHaveRules() throws {
        let longest = String(repeating: "a", count: SizeClass.maxByteCount)
        for text in ["a", "9", "shared-1x-256", "gpu.h100", longest] {
            #expect(try SizeClass(checking: text).description == text)
            #expect(SizeClass(text) != nil)
        }
        for text in ["", longest + "a", "A", "a b", "a_b", "-a", "a-", ".", "a.", "ä", "a\n"] {
            #expect(SizeClass(text) == nil)
            #expect { try SizeClass(checking: text) } throws: { ($0 as? LedgerError)?.code == .badSizeClass }
        }
        let world = try World()
        let signed = try world.sign(.publishRelease(name, World.site(1)), by: world.alice)
        for change in [{ $0.sizeClass = "Large" }, { $0.secretsEnvelope = Data([1]) }]
            as [(inout LedgerPBPublishRelease) -> Void]
        {
            var envelope = try LedgerPBTransaction(serializedBytes: signed.bytes)
            var body = try LedgerPBTransactionBody(serializedBytes: envelope.body)
            change(&body.publishRelease)
            let bytes = try body.serializedData() as Data
            envelope.body = bytes
            envelope.signature = try world.alice.sign(Data("skerry 2026-11 transaction\n".utf8) + bytes)
            let wrong = try envelope.serializedData() as Data
            #expect(throws: LedgerError.self) { try SignedTransaction(decoding: wrong) }
        }
    }

    // MARK: Rows

    /// Rows without these fields are what they were before there were any.
    @Test func rowsOfBeforeKeepTheirBytes() throws {
        let world = try World()
        var node = try #require(world.state.node(world.helper.publicKey.node))
        let before = bytes(node)
        #expect(try NodeRecord(path: node.path, bytes: before) == node)
        node.capacity = Self.capacity
        node.admissionEvidence = Blake3.hash([1])
        let after = bytes(node)
        #expect(after.starts(with: before))
        #expect(after.count == before.count + 33 + 33)
        #expect(try NodeRecord(path: node.path, bytes: after) == node)
        let (capacity, evidence) = (after[before.count..<before.count + 33], after[(before.count + 33)...])
        let wrong: [[UInt8]] = [
            before + evidence + capacity, before + capacity + capacity, before + [1] + [UInt8](repeating: 0, count: 32),
            before + [0], before + [3], after + [3], after.dropLast(), before + [1],
        ]
        for bytes in wrong { #expect(throws: LedgerError.self) { try NodeRecord(path: node.path, bytes: bytes) } }
    }

    @Test func partsOfAReleasesRowHaveOneOrder() throws {
        let world = try World()
        var release = ReleaseRecord(
            name: name,
            id: ReleaseID(
                name: name, manifest: World.blob(1), publisher: world.alice.publicKey.account, nonce: 1),
            kind: .site, manifest: World.blob(1), manifestByteCount: 2, message: "m", settings: Data([1]),
            publisher: world.alice.publicKey.account, publishedMilliseconds: 3, publishedSequence: 4)
        let before = bytes(release)
        #expect(try ReleaseRecord(path: release.path, bytes: before) == release)
        release.sizeClass = try SizeClass(checking: "a")
        release.replicas = 3
        release.secretsEnvelope = Blake3.hash([2])
        let after = bytes(release)
        #expect(after.starts(with: before))
        #expect(try ReleaseRecord(path: release.path, bytes: after) == release)
        let (sizeClass, replicas) = (
            [1, 0, 0, 0, 0, 0, 0, 0, 1, 97] as [UInt8], [2, 0, 0, 0, 0, 0, 0, 0, 3] as [UInt8]
        )
        #expect(after == before + sizeClass + replicas + [3] + Blake3.hash([2]).bytes)
        let wrong: [[UInt8]] = [
            before + replicas + sizeClass, before + [2, 0, 0, 0, 0, 0, 0, 0, 0], before + [1, 0, 0, 0, 0, 0, 0, 0, 0],
            before + [4], after + [0], before + [2, 0, 0, 0, 1, 0, 0, 0, 0],
        ]
        for bytes in wrong { #expect(throws: LedgerError.self) { try ReleaseRecord(path: release.path, bytes: bytes) } }
    }
}
