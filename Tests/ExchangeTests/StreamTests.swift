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
                let error = await #expect(throws: BlobStoreError.self) {
                    try await node.exchange.readAll(id, limit: byteCount - 1)
                }
                #expect(error?.code == .tooLarge)
                #expect(try node.store.contains(id) == isKept)
            }
            #expect(nodes[1].leftovers() == [])
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
