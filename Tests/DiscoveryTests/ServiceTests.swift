import Blake3
import Foundation
import Identity
import NIOCore
import Peering
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@testable import Discovery

@Suite("Nodes that tell each other who has what", .timeLimit(.minutes(1)))
struct ServiceTests {
    private static func has(_ node: TestNode, _ count: Int) -> Bool { node.discovery.statistics.records >= count }

    @Test("Provided on one node, found from the others in one round trip; withdrawn, found no more")
    func provide() async throws {
        try await withNodes(6) { nodes in
            let keys = (0..<40).map { key($0) }
            nodes[0].discovery.provide(keys)
            try await expectEventually { nodes[1...].allSatisfy { Self.has($0, 40) } }
            for node in nodes[1...] {
                #expect(await node.find(key(7)) == [nodes[0].id])
                #expect(node.discovery.statistics.hops <= 1)
            }
            #expect(await nodes[0].find(key(7)).isEmpty)
            #expect(await nodes[1].find(key(999)).isEmpty)
            #expect(nodes[0].discovery.statistics.published == 200)
            #expect(nodes[0].discovery.statistics.provided == 40)

            nodes[0].discovery.withdraw([key(7)])
            var remaining = 5
            try await expectEventually {
                remaining = 0
                for node in nodes[1...] { remaining += await node.find(key(7)).count }
                return remaining == 0
            }
            #expect(await nodes[1].find(key(8)) == [nodes[0].id])
        }
    }

    @Test("A provider that is asked itself answers before it has published")
    func ownRecord() async throws {
        var settings = DiscoverySettings.quick
        settings.coalescing = .seconds(3_600)
        try await withNodes(2, settings: settings) { nodes in
            nodes[0].discovery.provide([key(1)])
            #expect(await nodes[1].find(key(1)) == [nodes[0].id])
        }
    }

    @Test("Several providers come nearest first where round trips are known")
    func nearestFirst() async throws {
        try await withNodes(5) { nodes in
            for node in nodes[..<4] { node.discovery.provide([key(1)]) }
            try await expectEventually { Self.has(nodes[4], 4) }
            nodes[4].view.trips.withLock {
                $0[nodes[2].id] = .milliseconds(1)
                $0[nodes[0].id] = .milliseconds(2)
            }
            // All are in the asker's own store, so they become known together.
            let found = await nodes[4].find(key(1))
            #expect(Array(found.prefix(2)) == [nodes[2].id, nodes[0].id])
            #expect(Set(found) == Set(nodes[..<4].map(\.id)))
            nodes[4].view.down.withLock { $0 = [nodes[2].id] }
            #expect(await nodes[4].find(key(1)).first == nodes[0].id)
        }
    }

    @Test("A provider that is gone is forgotten when its record expires, also when the wall clock jumps meanwhile")
    func expires() async throws {
        let clock = ManualClock()
        try await withNodes(4, clock: clock.clock) { nodes in
            nodes[0].discovery.provide([key(1)])
            // The clock stands still: what is coalesced becomes due when it moves.
            clock.advance(.seconds(1))
            try await expectEventually { nodes[1...].allSatisfy { Self.has($0, 1) } }
            await nodes[0].peers.shutdown()
            #expect(await nodes[1].find(key(1)) == [nodes[0].id])
            clock.setWall(testWall - 3_600_000)
            #expect(nodes[1].discovery.statistics.records == 1)
            clock.setWall(.max)
            #expect(nodes[1].discovery.statistics.records == 1)
            clock.setWall(.min)
            // What is in its own store, the node counts down on the other clock.
            #expect(await nodes[1].find(key(1)) == [nodes[0].id])
            clock.setWall(testWall)
            clock.advance(.seconds(7_400))
            #expect(await nodes[1].find(key(1)).isEmpty)
            try await expectEventually { nodes[1...].allSatisfy { $0.discovery.statistics.records == 0 } }
        }
    }

    @Test("Every kind of bad record has its code, and good ones beside it are kept")
    func refusals() async throws {
        var settings = DiscoverySettings.quick
        settings.maxRecordsPerProvider = 3
        try await withNodes(3, settings: settings) { nodes in
            let signer = nodes[0].key
            let wall = DiscoveryClock.system.wallMillis()
            func made(
                _ number: Int, sequence: UInt64 = 10, expires: Int64? = nil, network: Data = testNetwork,
                by key: SigningKey? = nil
            ) throws -> PeerPBProviderRecord {
                try ProviderRecord.sign(
                    key: DiscoveryTests.key(number), sequence: sequence, expiresMillis: expires ?? wall + 3_600_000,
                    isWithdrawn: false, network: network, with: key ?? signer
                ).message
            }
            var forged = try made(9)
            forged.signature[5] ^= 1
            let limit = try ProviderRecordTests.padded(to: 936, key: key(2), expires: wall + 60_000, by: signer)
            let larger = try ProviderRecordTests.padded(to: 937, key: key(3), expires: wall + 60_000, by: signer)
            let records = [
                try made(1), try made(1, sequence: 9), try made(4, expires: wall - 600_000),
                try made(4, expires: wall + 86_400_000), try made(4, network: Data(count: 32)),
                try made(4, by: SigningKey()), try made(4, by: nodes[2].key), limit, larger, PeerPBProviderRecord(),
                try made(5), try made(6), forged, try made(7),
            ]
            let codes = try await nodes[0].store(records, at: nodes[1])
            #expect(
                codes == [
                    "", "discovery/stale", "discovery/expired", "discovery/too-far-ahead", "discovery/wrong-network",
                    "discovery/not-on-ledger", "discovery/not-the-provider", "", "discovery/too-large",
                    "discovery/malformed", "", "discovery/provider-full", "discovery/bad-signature",
                    "discovery/bad-signature",
                ])
            let statistics = nodes[1].discovery.statistics
            #expect(statistics.records == 3)
            #expect(statistics.refused["discovery/bad-signature"] == 2)
            #expect(try await nodes[0].store([try made(1, sequence: 9)], at: nodes[1]) == ["discovery/stale"])
        }
    }

    @Test("A record is taken however many nodes of few operators are nearer, and refused when many others are")
    func responsibility() async throws {
        try await withNodes(2) { nodes in
            let ledger = nodes[0].view.ledger
            // The key farthest from the node: all others are nearer.
            let far = try #require(Digest(nodes[1].id.digest.bytes.map { ~$0 }).map(BlobID.init))
            let expires = DiscoveryClock.system.wallMillis() + 60_000
            func store() async throws -> [String] {
                let record = try ProviderRecord.sign(
                    key: far, sequence: UInt64(ledger.version), expiresMillis: expires, isWithdrawn: false,
                    network: testNetwork, with: nodes[0].key)
                return try await nodes[0].store([record.message], at: nodes[1])
            }
            for number in 0..<300 { ledger.register(SigningKey(), port: nil, operatorNumber: number % 3) }
            #expect(try await store() == [""])
            // The crowd and the sender have one address group and count once: 78 others make 79, four times 20 less one.
            var others: [NodeID] = []
            for number in 0..<79 {
                let key = SigningKey()
                others.append(key.publicKey.node)
                ledger.register(key, port: nil, operatorNumber: 1_000 + number, group: "10.\(number)")
                if number == 77 { #expect(try await store() == [""]) }
            }
            #expect(try await store() == ["discovery/not-responsible"])
            // Those that seem dead are nobody's replicas.
            nodes[1].view.down.withLock { [others] in $0 = Set(others.prefix(1)) }
            #expect(try await store() == [""])
        }
    }

    @Test("Write tokens of another length than 32 bytes are neither kept nor used", arguments: [0, 31, 33, 1 << 20])
    func foreignTokens(byteCount: Int) async throws {
        try await withNodes(3) { nodes in
            nodes[2].router.lie.withLock {
                $0 = { request, loop in
                    guard request.type == .findProviders else { return nil }
                    return loop.makeCompletedFuture {
                        try PeerReply(
                            .providers, PeerPBProviders.with { $0.token = Data(repeating: 1, count: byteCount) })
                    }
                }
            }
            nodes[0].discovery.provide([key(1)])
            try await expectEventually { Self.has(nodes[1], 1) }
            try await expectEventually { nodes[2].router.served.withLock { $0 } > 0 }
            try await expectEventually { nodes[0].discovery.statistics.published == 1 }
            let tokens = nodes[0].discovery.state.withLock { $0.peerTokens.mapValues { $0.token.count } }
            #expect(tokens == [nodes[1].id: 32])
            // Its records were never asked for: one request for the token, none to store.
            #expect(nodes[2].router.served.withLock { $0 } == 1)
        }
    }

    @Test("Tokens, sizes and shapes of requests, at the limit and one past; nonsense never harms")
    func hostileRequests() async throws {
        try await withNodes(2) { nodes in
            let (one, two) = (nodes[0], nodes[1])
            func code(_ type: FrameType, _ body: some Message) async -> String? {
                do {
                    let _: PeerPBStoreResult = try await one.discovery.ask(two.id, type, body, expecting: .storeResult)
                    return nil
                } catch { return (error as? PeerError)?.code.description }
            }
            let token = try await one.token(of: two)
            func request(_ count: Int, _ token: Data) -> PeerPBStoreRecords {
                .with {
                    $0.token = token
                    $0.records = Array(repeating: PeerPBProviderRecord(), count: count)
                }
            }
            #expect(await code(.storeRecords, request(512, token)) == nil)
            #expect(await code(.storeRecords, request(513, token)) == "discovery/too-many")
            #expect(await code(.storeRecords, request(0, token)) == nil)
            #expect(await code(.storeRecords, request(1, Data())) == "discovery/bad-token")
            let foreign = try await two.token(of: one)
            #expect(await code(.storeRecords, request(1, foreign)) == "discovery/bad-token")
            #expect(await code(.findProviders, PeerPBFindProviders()) == "discovery/malformed")
            #expect(await code(.statBlob, PeerPBStatBlob()) == "peer/unsupported")

            let connection = try await one.peers.connection(to: two.id)
            var random = SeededGenerator(5)
            for count in 0..<60 {
                let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
                for type in [FrameType.findProviders, .storeRecords] {
                    _ = try? await connection.request(type, ByteBuffer(bytes: bytes)).get()
                }
            }
            let zeros = ByteBuffer(repeating: 0x0a, count: 1 << 20)
            _ = try? await connection.request(.storeRecords, zeros).get()
            #expect(two.discovery.statistics.records == 0)
            let again = try await one.token(of: two)
            #expect(again.count == 32)
        }
    }

    @Test("A full answer is cut at its limit")
    func answerLimit() async throws {
        try await withNodes(2) { nodes in
            let asker = nodes[0]
            let store = nodes[1].discovery
            store.state.withLock { state in
                for number in 0..<40 {
                    try? state.store.insert(
                        record(1, by: number, byteCount: 180), operatorID: account(number), life: .seconds(60),
                        now: .zero)
                }
            }
            for (wanted, got) in [(0, 0), (31, 31), (32, 32), (33, 32), (UInt32.max, 32)] as [(UInt32, Int)] {
                let reply: PeerPBProviders = try await asker.discovery.ask(
                    nodes[1].id, .findProviders,
                    PeerPBFindProviders.with {
                        $0.key = Data(key(1).digest.bytes)
                        $0.limit = wanted
                        $0.wantCloser = true
                    }, expecting: .providers)
                #expect(reply.records.count == got)
                #expect(reply.closer == [Data(nodes[1].id.digest.bytes)])
                #expect(reply.token.isEmpty)
            }
        }
    }

    @Test("Forged, foreign and stale records of a liar are not believed, and the truth is found beside them")
    func liar() async throws {
        try await withNodes(5) { nodes in
            let liar = nodes[4]
            let wall = DiscoveryClock.system.wallMillis()
            func lie(_ number: Int, expires: Int64, by signer: SigningKey) throws -> PeerPBProviderRecord {
                try ProviderRecord.sign(
                    key: key(number), sequence: 1, expiresMillis: expires, isWithdrawn: false, network: testNetwork,
                    with: signer
                ).message
            }
            var forged = try lie(1, expires: wall + 60_000, by: nodes[2].key)
            forged.signature[0] ^= 1
            let lies = [
                try lie(2, expires: wall + 60_000, by: nodes[2].key),
                try lie(1, expires: wall - 3_600_000, by: nodes[2].key),
                try lie(1, expires: wall + 60_000, by: SigningKey()), forged,
                try lie(1, expires: wall + 60_000, by: nodes[3].key),
            ]
            liar.router.lie.withLock {
                $0 = { request, loop in
                    guard request.type == .findProviders else { return nil }
                    return loop.makeCompletedFuture {
                        try PeerReply(
                            .providers,
                            PeerPBProviders.with {
                                $0.records = lies
                                $0.closer = [Data(count: 3), Data(count: 32)]
                            })
                    }
                }
            }
            nodes[1].discovery.provide([key(1)])
            try await expectEventually { Self.has(nodes[2], 1) }
            #expect(await nodes[0].find(key(1)) == [nodes[1].id])
            let refused = nodes[0].discovery.statistics.refused
            for code in ["wrong-key", "expired", "not-on-ledger", "bad-signature"] {
                #expect((refused["discovery/\(code)"] ?? 0) > 0, "\(code)")
            }
        }
    }

    @Test("A node that never answers costs its time-out at most, and nothing where others answer")
    func silence() async throws {
        var settings = DiscoverySettings.quick
        settings.requestTimeout = .milliseconds(400)
        try await withNodes(4, settings: settings) { nodes in
            nodes[3].router.lie.withLock {
                $0 = { _, loop in
                    let promise = loop.makePromise(of: PeerReply.self)
                    loop.scheduleTask(in: .seconds(30)) { promise.fail(PeerError(.internalError, "late")) }
                    return promise.futureResult
                }
            }
            nodes[1].discovery.provide([key(1)])
            try await expectEventually { Self.has(nodes[2], 1) }
            #expect(await nodes[0].find(key(1)) == [nodes[1].id])
            // Nobody has it: the silent node is waited for once, and then it is over.
            #expect(await nodes[0].find(key(2)).isEmpty)
            #expect(nodes[0].discovery.statistics.lookups == 2)
        }
    }

    @Test("Records reach a node that joins later, and lookups end when nobody listens")
    func joins() async throws {
        let ledger = Ledger()
        let one = try await TestNode(ledger, operatorNumber: 1)
        let two = try await TestNode(ledger, operatorNumber: 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await one.discovery.run() }
            one.discovery.provide((0..<700).map { key($0) })
            try await expectEventually { Self.has(two, 700) }
            let three = try await TestNode(ledger, operatorNumber: 3)
            try await expectEventually { Self.has(three, 700) }
            for await node in two.discovery.providers(of: key(3)) {
                #expect(node == one.id)
                break
            }
            group.cancelAll()
            try await group.waitForAll()
            await three.peers.shutdown()
        }
        await one.peers.shutdown()
        await two.peers.shutdown()
    }

    @Test("A network above the one-hop size is searched along paths")
    func paths() async throws {
        var settings = DiscoverySettings.quick
        settings.oneHopNodes = 3
        settings.replicas = 2
        try await withNodes(6, settings: settings) { nodes in
            nodes[0].discovery.provide((0..<20).map { key($0) })
            try await expectEventually { nodes[0].discovery.statistics.published >= 40 }
            for number in 0..<20 { #expect(await nodes[5].find(key(number)) == [nodes[0].id]) }
        }
    }
}
