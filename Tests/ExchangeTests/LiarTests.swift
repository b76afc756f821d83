import Blake3
import BlobStore
import Exchange
import Foundation
import Identity
import NIOCore
import NIOPosix
import Peering
import SwiftProtobuf
import Testing
import Wire

/// A way to lie, with a name for the report.
struct Lie: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let answers: @Sendable () -> Service.Change
    /// Whether the liar can be told from one that has trouble.
    var isProvable = true

    static let all = [
        Lie(testDescription: "flips a bit") { Lies.blocks(Lies.flipBit) },
        Lie(testDescription: "flips a bit in the first block") { Lies.blocks(isProofTrue: false, Lies.flipBit) },
        Lie(testDescription: "truncates blocks") { Lies.blocks(Lies.truncate) },
        Lie(testDescription: "answers with another type") { Lies.blocks(Lies.retype) },
        Lie(testDescription: "claims a larger size") { Lies.size(UInt64(41 * blockBytes)) },
        Lie(testDescription: "claims a smaller size") { Lies.size(5) },
        Lie(testDescription: "claims nearly the true size") { Lies.size(UInt64(40 * blockBytes - 1)) },
        Lie(testDescription: "claims an impossible size", answers: { Lies.size(.max) }, isProvable: false),
        Lie(testDescription: "claims a size above the limit", answers: { Lies.size(1 << 50) }, isProvable: false),
        Lie(
            testDescription: "claims an impossible size with a bitmap",
            answers: { Lies.size(UInt64(Int.max), held: Data([1])) }, isProvable: false),
        Lie(
            testDescription: "sends a bitmap of a wrong length",
            answers: { Lies.size(UInt64(40 * blockBytes), held: Data([0xff])) }, isProvable: false),
        Lie(
            testDescription: "claims blocks behind the last one",
            answers: { Lies.size(UInt64(39 * blockBytes), held: Data(repeating: 0xff, count: 5)) }, isProvable: false),
        Lie(testDescription: "sends wrong block values") {
            Lies.blockValues { values in Data(values.reversed()) }
        },
        Lie(testDescription: "sends too few block values") { Lies.blockValues { $0.dropLast(32) } },
        Lie(testDescription: "sends a part of a block value") { Lies.blockValues { $0.dropLast(1) } },
        Lie(testDescription: "sends garbage for block values") { Lies.garbage(.readBlockValues) },
        Lie(testDescription: "sends garbage for its status", answers: { Lies.garbage(.statBlob) }, isProvable: false),
    ]
}

@Suite("Fetching from peers that lie or fail", .serialized, .timeLimit(.minutes(1)))
struct LiarTests {
    @Test("The blob comes from the honest peer", arguments: Lie.all)
    func oneHonest(lie: Lie) async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(10))))
            nodes.append(try await ExchangeNode(ledger, answers: lie.answers()))
            nodes.append(try await ExchangeNode(ledger))
            let bytes = randomBytes(40 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            _ = try await nodes[1].store.put(bytes)
            try await nodes[2].exchange.fetchWhole(id)
            #expect(try await nodes[2].holdsDurably(id, bytes))
        }
    }

    @Test(
        "If nobody is honest, the blob is corrupt, the liar is named and nothing is stored",
        arguments: Lie.all.filter(\.isProvable))
    func nobodyHonest(lie: Lie) async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: lie.answers()))
            nodes.append(try await ExchangeNode(ledger))
            let id = try await nodes[0].store.put(randomBytes(40 * blockBytes))
            #expect(await code { try await nodes[1].exchange.fetchWhole(id) } == "blob/corrupt")
            #expect(holds(nodes[1].log.contains("warning")))
            #expect(holds(nodes[1].log.contains("\(nodes[0].id)")))
            let store = nodes[1].store
            #expect(try !store.contains(id))
            // True blocks that came before the lie stay for a later fetch.
            #expect(try await eventually { try store.partial(id)?.isOpen != true })
        }
    }

    @Test("A reader that waits for a block fails when the fetch does")
    func waitingReader() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: Lies.blocks(Lies.flipBit)))
            nodes.append(try await ExchangeNode(ledger))
            let id = try await nodes[0].store.put(randomBytes(4 * blockBytes))
            let handle = try await nodes[1].exchange.open(id)
            let (first, second) = (handle.block(0, on: loops.next()), handle.block(2, on: loops.next()))
            #expect(await code { _ = try await first.get() } == "blob/corrupt")
            #expect(await code { _ = try await second.get() } == "blob/corrupt")
            #expect(await code { _ = try await handle.block(3, on: loops.next()).get() } == "blob/corrupt")
        }
    }

    @Test("The first peer that has the blob may hang: the next one proves it")
    func hangingProof() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(50), .statBlob)))
            nodes.append(try await ExchangeNode(ledger, answers: Lies.hang(.readBlockValues)))
            nodes.append(try await ExchangeNode(ledger))
            let id = try await nodes[0].store.put(randomBytes(2 * blockBytes))
            _ = try await nodes[1].store.put(randomBytes(2 * blockBytes))
            let began = ContinuousClock.now
            _ = try await nodes[2].exchange.open(id)
            #expect(ContinuousClock.now - began < .seconds(4))
        }
    }

    @Test("A sole provider that proves in small steps, each in time, is given up before it is through")
    func endlessProof() async throws {
        try await withNodes { ledger, nodes in
            // The values of 40 GiB are 20 answers.
            let size = Lies.size(40 << 30)
            nodes.append(
                try await ExchangeNode(ledger) { request, answer, loop in
                    guard request.type == .readBlockValues else { return size(request, answer, loop) }
                    return loop.scheduleTask(in: .milliseconds(100)) {
                        let asked: PeerPBReadBlockValues = try request.message()
                        return try PeerReply(
                            .blockValues, PeerPBBlockValues.with { $0.values = Data(count: 32 * Int(asked.count)) })
                    }.futureResult
                })
            var settings = ExchangeSettings.quick
            settings.maxProofTime = .milliseconds(500)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let id = BlobID(Blake3.hash([1]))
            #expect(await code { _ = try await nodes[1].exchange.open(id) } == "blob/unavailable")
            #expect(nodes[0].service.count(.readBlockValues) < 20)
            // It is no lie to be slow.
            #expect(nodes[1].heard.reports.isEmpty)
        }
    }

    @Test("A provider that stops answering is left for the other after the time-out")
    func hangingBlocks() async throws {
        try await withNodes { ledger, nodes in
            for _ in 0..<2 { nodes.append(try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(5)))) }
            var settings = ExchangeSettings.quick
            settings.blockTimeout = .milliseconds(300)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            nodes.append(try await ExchangeNode(ledger, answers: Lies.hang(.readBlock)))
            let bytes = randomBytes(40 * blockBytes)
            var id = BlobID(.init(unsafeUninitialized: { _ in }))
            for index in [0, 1, 3] { id = try await nodes[index].store.put(bytes) }
            try await nodes[2].exchange.fetchWhole(id)
            #expect(try await nodes[2].holdsDurably(id, bytes))
        }
    }

    @Test("A provider that dies is replaced by the other")
    func death() async throws {
        try await withNodes { ledger, nodes in
            for _ in 0..<2 { nodes.append(try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(20)))) }
            nodes.append(try await ExchangeNode(ledger))
            let bytes = randomBytes(100 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            _ = try await nodes[1].store.put(bytes)
            let fetcher = nodes[2]
            async let outcome = code { try await fetcher.exchange.fetchWhole(id) }
            let (first, second) = (nodes[0], nodes[1])
            let haveBegun = try await eventually {
                first.service.count(.readBlock) > 4 && second.service.count(.readBlock) > 4
            }
            #expect(haveBegun)
            await first.peers.shutdown()
            #expect(await outcome == nil)
            #expect(try await fetcher.holdsDurably(id, bytes))
        }
    }

    @Test("If the only provider dies for good, the fetch fails in bounded time; a later one works")
    func deathOfAll() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(20))))
            var settings = ExchangeSettings.quick
            settings.searchTimeout = .milliseconds(500)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let bytes = randomBytes(100 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            let (provider, fetcher) = (nodes[0], nodes[1])
            let began = ContinuousClock.now
            async let outcome = code { try await fetcher.exchange.fetchWhole(id) }
            #expect(try await eventually { provider.service.count(.readBlock) > 4 })
            await provider.peers.shutdown()
            #expect(await outcome == "blob/unavailable")
            #expect(ContinuousClock.now - began < .seconds(5))
            nodes.append(try await ExchangeNode(ledger, key: provider.key, port: provider.port))
            _ = try await nodes[2].store.put(bytes)
            #expect(try await eventually { fetcher.peers.connectedPeers.isEmpty })
            try await Task.sleep(for: .milliseconds(100))
            try await fetcher.exchange.fetchWhole(id)
            #expect(try await fetcher.holdsDurably(id, bytes))
        }
    }

    @Test("If the only provider comes back in time, blocks in flight and blocks waited for are asked again")
    func returnInTime() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(20))))
            var settings = ExchangeSettings.quick
            settings.searchTimeout = .seconds(10)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let bytes = randomBytes(60 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            let (provider, fetcher) = (nodes[0], nodes[1])
            let handle = try await fetcher.exchange.open(id)
            async let outcome = code { try await fetcher.exchange.fetchWhole(id) }
            #expect(try await eventually { provider.service.count(.readBlock) > 4 })
            await provider.peers.shutdown()
            // Wanted while nobody is there.
            let waiting = handle.block(50, on: loops.next())
            try await Task.sleep(for: .milliseconds(300))
            nodes.append(try await ExchangeNode(ledger, key: provider.key, port: provider.port))
            _ = try await nodes[2].store.put(bytes)
            #expect(try await waiting.get() == slice(bytes, block: 50))
            #expect(await outcome == nil)
            #expect(try await fetcher.holdsDurably(id, bytes))
        }
    }

    @Test("A single block that is waited for survives the loss of all providers")
    func singleBlock() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger))
            var settings = ExchangeSettings.quick
            settings.searchTimeout = .seconds(10)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let bytes = randomBytes(3 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            let handle = try await nodes[1].exchange.open(id)
            await nodes[0].peers.shutdown()
            let waiting = handle.block(1, on: loops.next())
            try await Task.sleep(for: .milliseconds(200))
            nodes.append(try await ExchangeNode(ledger, key: nodes[0].key, port: nodes[0].port))
            _ = try await nodes[2].store.put(bytes)
            #expect(try await waiting.get() == slice(bytes, block: 1))
        }
    }
}
