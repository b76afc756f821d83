import Blake3
import BlobStore
import Foundation
import Identity
import NIOCore
import NIOPosix
import Peering
import Synchronization
import Testing
import Wire

@testable import Exchange

@Suite("Reading without keeping", .serialized, .timeLimit(.minutes(1)))
struct StreamTests {
    @Test("All blocks come, in any order and again, and nothing is left on the disk")
    func stream() async throws {
        try await withNodes { ledger, nodes in
            for _ in 0..<2 { nodes.append(try await ExchangeNode(ledger)) }
            let bytes = randomBytes(30 * blockBytes + 9)
            let id = try await nodes[0].store.put(bytes)
            let handle = try await nodes[1].exchange.open(id, keeping: .nowhere)
            handle.demand(0..<handle.byteCount)
            for index in 0..<31 {
                #expect(try await handle.block(index, on: loops.next()).get() == slice(bytes, block: index))
            }
            #expect(nodes[0].service.count(.readBlock) == 31)
            for index in [3, 30, 3] {
                #expect(try await handle.block(index, on: loops.next()).get() == slice(bytes, block: index))
            }
            #expect(nodes[0].service.count(.readBlock) == 34)
            #expect(nodes[1].leftovers() == [])
            #expect(try !nodes[1].store.contains(id))
            #expect(try nodes[1].store.partial(id) == nil)
        }
    }

    @Test("A store without room keeps nothing, and its readers get all the same", arguments: [3 * blockBytes, 100])
    func noRoom(byteCount: Int) async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger))
            nodes.append(try await ExchangeNode(ledger, reserveBytes: 1 << 60))
            nodes.append(try await ExchangeNode(ledger))
            let bytes = randomBytes(byteCount)
            let id = try await nodes[0].store.put(bytes)
            for (node, isKept) in [(nodes[1], false), (nodes[2], true)] {
                let handle = try await node.exchange.open(id, keeping: .ifRoom)
                #expect(handle.byteCount == byteCount)
                handle.demand(0..<byteCount)
                for index in 0..<(byteCount + blockBytes - 1) / blockBytes {
                    #expect(try await handle.block(index, on: loops.next()).get() == slice(bytes, block: index))
                }
                #expect(try await node.exchange.readAll(id, limit: byteCount) == bytes)
                let refusal = await code { _ = try await node.exchange.readAll(id, limit: byteCount - 1) }
                #expect(refusal == "blob/too-large")
                #expect(try node.store.contains(id) == isKept)
            }
            #expect(nodes[1].leftovers() == [])
        }
    }

    @Test("Of a blob that is larger than its reader takes nothing is fetched, and those who take more get it")
    func tooLarge() async throws {
        try await withNodes { ledger, nodes in
            for _ in 0..<2 { nodes.append(try await ExchangeNode(ledger)) }
            let bytes = randomBytes(8 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            let reader = nodes[1]
            let readLess: @Sendable () async throws -> Void = {
                _ = try await reader.exchange.readAll(id, limit: 8 * blockBytes - 1)
            }
            #expect(await code(readLess) == "blob/too-large")
            #expect(nodes[0].service.count(.readBlock) == 0)
            #expect(nodes[0].service.count(.readBlockValues) == 0)
            #expect(try reader.store.partial(id) == nil)
            #expect(reader.leftovers() == [])
            // Whoever finds a fetch begun by one who takes less begins another.
            let less = (0..<4).map { _ in Task { await code(readLess) } }
            let all = (0..<4).map { _ in Task { try await reader.exchange.readAll(id, limit: 8 * blockBytes) } }
            for task in less { #expect(await task.value == "blob/too-large") }
            for task in all { #expect(try await task.value == bytes) }
            #expect(await code(readLess) == "blob/too-large")
        }
    }

    @Test("A running fetch of a blob is none for a reader that takes less")
    func tooLargeToJoin() async throws {
        try await withNodes { ledger, nodes in
            for _ in 0..<2 { nodes.append(try await ExchangeNode(ledger)) }
            let id = try await nodes[0].store.put(randomBytes(8 * blockBytes))
            let reader = nodes[1]
            let handle = try await reader.exchange.open(id)
            #expect(await code { _ = try await reader.exchange.open(id, limit: 7 * blockBytes) } == "blob/too-large")
            #expect(await code { _ = try await reader.exchange.open(id, limit: handle.byteCount) } == nil)
        }
    }

    @Test("A reader that stops leaves a bounded window in memory, and nothing when it goes")
    func window() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger))
            var settings = ExchangeSettings.quick
            settings.streamWindowBytes = 5 * blockBytes
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let id = try await nodes[0].store.put(randomBytes(40 * blockBytes))
            let service = nodes[0].service
            var handle: BlobHandle? = try await nodes[1].exchange.open(id, keeping: .nowhere)
            handle?.demand(0..<40 * blockBytes)
            // Five ahead, and the last one as a proof.
            #expect(try await eventually { service.count(.readBlock) == 6 })
            _ = try await handle?.block(4, on: loops.next()).get()
            #expect(try await eventually { service.count(.readBlock) == 10 })
            try await Task.sleep(for: .milliseconds(100))
            #expect(service.count(.readBlock) == 10)
            if case .fetch(let fetch, _)? = handle?.source {
                #expect(fetch.state.withLock { $0.window.count } <= 6)
            }
            handle = nil
            #expect(nodes[1].leftovers() == [])
        }
    }

    @Test("Blocks beyond the window push out the oldest; a taken one is gone")
    func windowLimit() {
        var window = BlockWindow(maxCount: 2)
        for index in 0..<3 { window.insert(index, ByteBuffer(integer: index)) }
        #expect(window.count == 2)
        let taken = [0, 1, 1, 2].map { window.take($0) }
        #expect(taken == [nil, ByteBuffer(integer: 1), nil, ByteBuffer(integer: 2)])
        #expect(window.count == 0)
    }

    @Test("A kept blob is read ahead only so far, too")
    func readAhead() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger))
            var settings = ExchangeSettings.quick
            settings.readAheadBytes = 4 * blockBytes
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let id = try await nodes[0].store.put(randomBytes(40 * blockBytes))
            let service = nodes[0].service
            let handle = try await nodes[1].exchange.open(id)
            handle.demand(0..<handle.byteCount)
            #expect(try await eventually { service.count(.readBlock) == 5 })
            try await Task.sleep(for: .milliseconds(100))
            #expect(service.count(.readBlock) == 5)
            #expect(handle.progress.blockCount == 40)
            try await nodes[1].exchange.fetchWhole(id)
            #expect(service.count(.readBlock) == 40)
            #expect(handle.progress.heldBlocks == 40)
        }
    }
}
