import Blake3
import BlobStore
import Foundation
import Identity
import NIOCore
import NIOPosix
import Peering
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@testable import Exchange

@Suite("What is known of providers", .serialized, .timeLimit(.minutes(1)))
struct ReportTests {
    @Test("A wrong block is reported with what was expected and what came, and bans the provider for other blobs")
    func evidence() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(20))))
            nodes.append(try await ExchangeNode(ledger, answers: Lies.blocks(Lies.flipBit)))
            nodes.append(try await ExchangeNode(ledger))
            let bytes = randomBytes(40 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            _ = try await nodes[1].store.put(bytes)
            try await nodes[2].exchange.fetchWhole(id)
            let report = try #require(nodes[2].heard.reports.first)
            #expect(report.provider == nodes[1].id)
            #expect(report.blob == id)
            guard case .block(let index, let expected, let received) = report.offence else {
                Issue.record("\(report)")
                return
            }
            let block = try #require(slice(bytes, block: index))
            let flipped = Lies.flipBit(PeerReply(type: .block, body: block)).body
            #expect(expected == block.blockValue(index, of: bytes.readableBytes))
            #expect(received == flipped.blockValue(index, of: bytes.readableBytes))
            #expect(nodes[2].exchange.accounts.first { $0.node == nodes[1].id }?.badBlocks ?? 0 > 0)
            // Another blob: the liar is not even asked.
            let other = try await nodes[1].store.put(randomBytes(3 * blockBytes, seed: 9))
            let stats = nodes[1].service.count(.statBlob)
            #expect(await code { try await nodes[2].exchange.fetchWhole(other) } == "blob/not-found")
            #expect(nodes[1].service.count(.statBlob) == stats)
        }
    }

    @Test("A lie about the size is reported as such")
    func description() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: Lies.size(UInt64(3 * blockBytes))))
            nodes.append(try await ExchangeNode(ledger))
            let id = try await nodes[0].store.put(randomBytes(4 * blockBytes))
            #expect(await code { try await nodes[1].exchange.fetchWhole(id) } == "blob/corrupt")
            #expect(nodes[1].heard.reports.map(\.offence) == [.description])
        }
    }

    @Test("Accounts say who gave how much")
    func accounts() async throws {
        try await withNodes { ledger, nodes in
            for _ in 0..<2 { nodes.append(try await ExchangeNode(ledger)) }
            let bytes = randomBytes(20 * blockBytes + 100)
            let id = try await nodes[0].store.put(bytes)
            try await nodes[1].exchange.fetchWhole(id)
            let got = try #require(nodes[1].exchange.accounts.first)
            #expect(got.node == nodes[0].id)
            #expect(got.blocksReceived == 21)
            #expect(got.bytesReceived == bytes.readableBytes)
            #expect(got.duplicateBytes == 0)
            #expect(got.rate ?? 0 > 0)
            #expect(got.latencyP50 != nil)
            let gave = try #require(nodes[0].exchange.accounts.first)
            #expect(gave.node == nodes[1].id)
            #expect(gave.blocksSent == 21)
            #expect(gave.bytesSent == bytes.readableBytes)
        }
    }

    @Test("Accounts are bounded: the peer unused longest goes")
    func accountLimit() {
        let accounts = PeerAccounts()
        func node(_ number: Int) -> NodeID { NodeID(Blake3.hash(Array("\(number)".utf8))) }
        for number in 0..<PeerAccounts.maxPeers { accounts.update(node(number)) { $0.blocksSent = number } }
        #expect(accounts.snapshot.count == PeerAccounts.maxPeers)
        accounts.update(node(0)) { $0.failures += 1 }
        accounts.update(node(-1)) { $0.failures += 1 }
        let known = Set(accounts.snapshot.map(\.node))
        #expect(known.count == PeerAccounts.maxPeers)
        #expect(known.contains(node(0)))
        #expect(!known.contains(node(1)))
    }

    @Test("Bans double up to the longest, and are bounded")
    func bans() {
        var bans = ProviderBans(first: .seconds(60), longest: .seconds(200))
        let liar = FetchPlanTests.nodes[0]
        var ends: [Duration] = []
        for _ in 0..<4 { ends.append(bans.add(liar, at: .zero)) }
        #expect(ends == [.seconds(60), .seconds(120), .seconds(200), .seconds(200)])
        let isBanned = [.seconds(199), .seconds(200)].map { bans.isBanned(liar, at: $0) }
        #expect(isBanned == [true, false])
        for number in 0..<ProviderBans.maxNodes {
            bans.add(NodeID(Blake3.hash(Array("\(number)".utf8))), at: .seconds(9))
        }
        #expect(bans.isBanned(liar, at: .seconds(100)))
    }

    @Test("A provider that is silent is left before its time for a block is over")
    func silence() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger))
            // It proves the blob and sends two blocks; then only signs of life.
            let count = Mutex(0)
            nodes.append(
                try await ExchangeNode(
                    ledger,
                    answers: { request, _, loop in
                        guard request.type == .readBlock,
                            count.withLock({
                                $0 += 1; return $0
                            }) > 3
                        else { return nil }
                        return loop.scheduleTask(in: .seconds(60)) { throw PeerError(.internalError, "late") }
                            .futureResult
                    }))
            var settings = ExchangeSettings.quick
            settings.blockTimeout = .seconds(60)
            settings.stallTime = .milliseconds(300)
            settings.hedgeShare = 0
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let bytes = randomBytes(40 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            _ = try await nodes[1].store.put(bytes)
            let began = ContinuousClock.now
            try await nodes[2].exchange.fetchWhole(id)
            #expect(ContinuousClock.now - began < .seconds(20))
            #expect(try await nodes[2].holdsDurably(id, bytes))
        }
    }

    @Test(
        "The short form of a request is what the general encoder writes",
        arguments: [0, 1, 127, 128, 300, 65_536, Int(UInt32.max)])
    func requestBody(index: Int) throws {
        let id = BlobID(Blake3.hash([1]))
        let message: [UInt8] = try PeerPBReadBlock.with {
            $0.blob = id.bytes
            $0.index = UInt32(index)
        }.serializedBytes()
        #expect(ReadBlockBody.encode(id, index) == ByteBuffer(bytes: message))
    }
}
