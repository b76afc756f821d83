import Blake3
import BlobStore
import Dispatch
import Exchange
import Foundation
import Identity
import NIOCore
import NIOPosix
import Peering
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@Suite("Fetching from honest peers", .serialized, .timeLimit(.minutes(1)))
struct FetchTests {
    @Test(
        "A whole blob arrives exactly and is durable",
        arguments: [0, 1, 16_384, 262_144, 262_145, 10_485_760])
    func whole(byteCount: Int) async throws {
        try await withNodes { ledger, nodes in
            for _ in 0..<3 { nodes.append(try await ExchangeNode(ledger)) }
            let bytes = randomBytes(byteCount, seed: UInt64(byteCount))
            let id = try await nodes[0].store.put(bytes)
            _ = try await nodes[1].store.put(bytes)
            try await nodes[2].exchange.fetchWhole(id)
            #expect(nodes[2].leftovers() == [])
            // Again: nothing to do.
            try await nodes[2].exchange.fetchWhole(id)
            #expect(try await nodes[2].holdsDurably(id, bytes))
        }
    }

    @Test("Each block is asked once, and both peers help")
    func sharing() async throws {
        try await withNodes { ledger, nodes in
            // What is late on a busy machine would be asked for twice.
            var settings = ExchangeSettings.quick
            settings.hedgeShare = 0
            for _ in 0..<3 {
                nodes.append(
                    try await ExchangeNode(ledger, settings: settings, answers: Lies.slow(.milliseconds(5))))
            }
            let bytes = randomBytes(80 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            _ = try await nodes[1].store.put(bytes)
            try await nodes[2].exchange.fetchWhole(id)
            let counts = nodes.prefix(2).map { $0.service.count(.readBlock) }
            #expect(counts.reduce(0, +) == 80)
            #expect(counts.allSatisfy { $0 > 10 }, "\(counts)")
        }
    }

    @Test("A range fetches its blocks and no others; what was read stays for the rest")
    func range() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger))
            var settings = ExchangeSettings.quick
            settings.idleTimeout = .milliseconds(200)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let bytes = randomBytes(20 * blockBytes + 5)
            let id = try await nodes[0].store.put(bytes)
            try await FetchTests.readRange(id, bytes, nodes[1])
            // The last block proves the size; 4, 5 and 6 were wanted.
            #expect(nodes[0].service.count(.readBlock) == 4)
            let store = nodes[1].store
            #expect(try await eventually { try store.partial(id)?.isOpen == false })
            #expect(try store.partial(id)?.held.count == 4)
            #expect(try !store.contains(id))
            try await nodes[1].exchange.fetchWhole(id)
            #expect(nodes[0].service.count(.readBlock) == 21)
            #expect(try await nodes[1].holdsDurably(id, bytes))
        }
    }

    private static func readRange(_ id: BlobID, _ bytes: ByteBuffer, _ node: ExchangeNode) async throws {
        let handle = try await node.exchange.open(id)
        #expect(handle.byteCount == bytes.readableBytes)
        #expect(handle.blockCount == 21)
        handle.demand(4 * blockBytes + 1..<7 * blockBytes)
        handle.demand(-5..<0)
        handle.demand(Int.max - 1..<Int.max)
        for index in [6, 4, 5, 20] {
            #expect(try await handle.block(index, on: loops.next()).get() == slice(bytes, block: index))
        }
        for index in [-1, 21, Int.max] {
            #expect(await code { _ = try await handle.block(index, on: loops.next()).get() } == "blob/bad-block")
        }
        // Longer than the idle time: whoever holds the handle keeps the fetch.
        try await Task.sleep(for: .milliseconds(400))
        #expect(try await handle.block(5, on: loops.next()).get() == slice(bytes, block: 5))
        #expect(try node.store.partial(id)?.isOpen == true)
    }

    @Test("Readers at the same time share one fetch, and read up to its very end")
    func sharedReaders() async throws {
        try await withNodes { ledger, nodes in
            for _ in 0..<2 { nodes.append(try await ExchangeNode(ledger)) }
            let bytes = randomBytes(12 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            let exchange = nodes[1].exchange
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let handle = try await exchange.open(id)
                        handle.demand(0..<handle.byteCount)
                        for index in 0..<12 {
                            #expect(try await handle.block(index, on: loops.next()).get() == slice(bytes, block: index))
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(nodes[0].service.count(.readBlock) == 12)
            try await exchange.fetchWhole(id)
            #expect(try nodes[1].store.contains(id))
        }
    }

    @Test("A blob that is removed before its fetch has left the list is fetched again")
    func removedAtOnce() async throws {
        let busy = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let gate = DispatchSemaphore(value: 0)
        try await withNodes { ledger, nodes in
            let provider = try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(200)))
            nodes.append(provider)
            nodes.append(try await ExchangeNode(ledger, group: FirstLoopGroup(busy.next())))
            let (exchange, store) = (nodes[1].exchange, nodes[1].store)
            let id = try await provider.store.put(randomBytes(3 * blockBytes))
            async let first: Void = exchange.fetchWhole(id)
            #expect(try await eventually { provider.service.count(.readBlock) > 1 })
            // The list is kept on that loop, which hears of the end later.
            busy.next().execute { gate.wait() }
            defer { gate.signal() }
            try await first
            #expect(try store.remove(id))
            try await exchange.fetchWhole(id)
            #expect(try store.contains(id))
            #expect(provider.service.count(.readBlock) == 6)
        }
        try await busy.shutdownGracefully()
    }

    @Test("Many blobs at once are more requests than a peer serves, and all arrive")
    func manyBlobs() async throws {
        try await withNodes { ledger, nodes in
            for _ in 0..<2 { nodes.append(try await ExchangeNode(ledger)) }
            var ids: [BlobID] = []
            for number in 0..<150 { ids.append(try await nodes[0].store.put(randomBytes(3_000, seed: UInt64(number)))) }
            let exchange = nodes[1].exchange
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in ids { group.addTask { try await exchange.fetchWhole(id) } }
                try await group.waitForAll()
            }
            #expect(try nodes[1].store.missing(from: ids).isEmpty)
        }
    }

    @Test("A busy provider is asked again instead of being given up")
    func busy() async throws {
        let refusals = Mutex(0)
        let moody: Service.Change = { request, answer, loop in
            guard request.type == .readBlock else { return nil }
            let refuses = refusals.withLock { count in
                count += 1
                return count % 3 == 2
            }
            return refuses ? loop.makeFailedFuture(PeerError(.busy, "wait")) : nil
        }
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: moody))
            nodes.append(try await ExchangeNode(ledger))
            let bytes = randomBytes(30 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            try await nodes[1].exchange.fetchWhole(id)
            #expect(try await nodes[1].holdsDurably(id, bytes))
        }
    }

    @Test("A blob that nobody has is not found soon, even if a peer hangs or is down")
    func notFound() async throws {
        try await withNodes { ledger, nodes in
            var settings = ExchangeSettings.quick
            settings.locateTimeout = .milliseconds(400)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            nodes.append(try await ExchangeNode(ledger, answers: Lies.hang(.statBlob)))
            ledger.register(SigningKey(), port: 1)
            let mute = try await MutePort()
            ledger.register(SigningKey(), port: mute.port)
            let began = ContinuousClock.now
            let unknown = BlobID(.init(unsafeUninitialized: { $0[0] = 7 }))
            #expect(await code { try await nodes[0].exchange.fetchWhole(unknown) } == "blob/not-found")
            #expect(ContinuousClock.now - began < .seconds(6))
            try await mute.close()
        }
    }

    @Test("A full store says so and keeps nothing")
    func fullStore() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger))
            nodes.append(try await ExchangeNode(ledger, reserveBytes: 1 << 60))
            for count in [3 * blockBytes, 100] {
                let id = try await nodes[0].store.put(randomBytes(count))
                #expect(await code { try await nodes[1].exchange.fetchWhole(id) } == "blob/disk-full")
                #expect(nodes[1].leftovers() == [])
            }
        }
    }

    @Test("Shutdown fails readers that wait; what has come stays for the next start")
    func shutdown() async throws {
        try await withNodes { ledger, nodes in
            let gate = Mutex(false)
            nodes.append(
                try await ExchangeNode(
                    ledger,
                    answers: { request, answer, loop in
                        guard request.type == .readBlock,
                            gate.withLock({ isProven in
                                defer { isProven = true }
                                return isProven
                            })
                        else { return nil }
                        return loop.scheduleTask(in: .milliseconds(700)) {}.futureResult.flatMap { answer }
                    }))
            nodes.append(try await ExchangeNode(ledger))
            let id = try await nodes[0].store.put(randomBytes(5 * blockBytes))
            let exchange = nodes[1].exchange
            async let outcome = code { try await exchange.fetchWhole(id) }
            let store = nodes[1].store
            #expect(try await eventually { try store.partial(id)?.held.count == 1 })
            await exchange.close()
            #expect(await outcome == "blob/cancelled")
            // A reader's last reference may go a moment later.
            #expect(try await eventually { try store.partial(id)?.isOpen == false })
            #expect(await code { try await exchange.fetchWhole(id) } == "blob/cancelled")
        }
    }
}
