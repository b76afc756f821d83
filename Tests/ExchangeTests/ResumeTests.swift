import Blake3
import BlobStore
import Exchange
import Foundation
import Identity
import NIOCore
import NIOPosix
import Peering
import Synchronization
import Testing
import Wire

@Suite("Fetches that go on", .serialized, .timeLimit(.minutes(1)))
struct ResumeTests {
    @Test("After a restart only the missing blocks are asked for, and the blob is whole")
    func restart() async throws {
        let folder = NSTemporaryDirectory() + "exchange-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(10))))
            let provider = nodes[0]
            let bytes = randomBytes(60 * blockBytes + 7)
            let id = try await provider.store.put(bytes)
            let held = try await ResumeTests.begin(id, ledger, provider, folder)
            #expect((1...60).contains(held))
            let askedBefore = provider.service.count(.readBlock)
            let valuesBefore = provider.service.count(.readBlockValues)
            nodes.append(try await ExchangeNode(ledger, folder: folder))
            try await nodes[1].exchange.fetchWhole(id)
            #expect(provider.service.count(.readBlock) - askedBefore == 61 - held)
            #expect(provider.service.count(.readBlockValues) == valuesBefore)
            #expect(try await nodes[1].holdsDurably(id, bytes))
            #expect(nodes[1].leftovers() == [])
        }
    }

    /// Fetches for a while and stops; how many blocks are kept.
    private static func begin(
        _ id: BlobID, _ ledger: Ledger, _ provider: ExchangeNode, _ folder: String
    ) async throws -> Int {
        let node = try await ExchangeNode(ledger, folder: folder)
        async let outcome = code { try await node.exchange.fetchWhole(id) }
        #expect(try await eventually { provider.service.count(.readBlock) > 10 })
        await node.exchange.close()
        #expect(await outcome == "blob/cancelled")
        let held = try node.store.partial(id)?.held.count ?? 0
        await node.stop()
        try node.store.close()
        return held
    }

    @Test("A part can be read while nobody is there")
    func readPart() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger))
            var settings = ExchangeSettings.quick
            settings.idleTimeout = .milliseconds(50)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let bytes = randomBytes(5 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            let (store, exchange) = (nodes[1].store, nodes[1].exchange)
            _ = try await exchange.open(id).block(2, on: loops.next()).get()
            #expect(try await eventually { try store.partial(id)?.isOpen == false })
            await nodes[0].peers.shutdown()
            let handle = try await exchange.open(id)
            #expect(handle.byteCount == bytes.readableBytes)
            #expect(handle.progress.heldBlocks == 2)
            #expect(try await handle.block(2, on: loops.next()).get() == slice(bytes, block: 2))
            #expect(await code { _ = try await handle.block(0, on: loops.next()).get() } == "blob/unavailable")
        }
    }

    @Test("A node that has a part gives it")
    func partialProvider() async throws {
        try await withNodes { ledger, nodes in
            // Slow, so that it is not done before the other one is found.
            nodes.append(try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(60))))
            var settings = ExchangeSettings.quick
            settings.idleTimeout = .milliseconds(50)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let bytes = randomBytes(10 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            let store = nodes[1].store
            for block in [0, 1, 2, 3, 9] {
                _ = try await nodes[1].exchange.open(id).block(block, on: loops.next()).get()
            }
            #expect(try await eventually { try store.partial(id)?.isOpen == false })
            nodes.append(try await ExchangeNode(ledger))
            try await nodes[2].exchange.fetchWhole(id)
            #expect(try await nodes[2].holdsDurably(id, bytes))
            #expect(nodes[1].service.count(.readBlock) > 0)
        }
    }

    @Test("Nodes that fetch the same blob feed each other")
    func swarm() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(60))))
            var settings = ExchangeSettings.quick
            settings.window = 4
            for _ in 0..<3 { nodes.append(try await ExchangeNode(ledger, settings: settings)) }
            let bytes = randomBytes(120 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in nodes.dropFirst() { group.addTask { try await node.exchange.fetchWhole(id) } }
                try await group.waitForAll()
            }
            for node in nodes.dropFirst() {
                #expect(try await node.holdsDurably(id, bytes))
                #expect(node.heard.stored == [id])
            }
            // How much they take from each other depends on the machine's load; that they do does not.
            #expect(nodes.dropFirst().contains { $0.service.count(.readBlock) > 0 })
            #expect(nodes[0].service.count(.readBlock) < 3 * 120)
        }
    }
}
