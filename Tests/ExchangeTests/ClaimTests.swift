import Blake3
import BlobStore
import Foundation
import Identity
import NIOCore
import NIOPosix
import Peering
import SwiftProtobuf
import Testing
import Wire

@testable import Exchange

@Suite("What peers say that they have", .serialized, .timeLimit(.minutes(1)))
struct ClaimTests {
    private static let id = BlobID(Blake3.hash([1]))

    /// The claim in a status; nil for a peer that has nothing.
    private static func claim(
        _ byteCount: UInt64, held: [UInt8] = [], isPresent: Bool = true, maxBytes: Int = 1 << 40
    ) throws -> BlobClaim? {
        let status: [UInt8] = try PeerPBBlobStatus.with {
            $0.present = isPresent
            $0.byteCount = byteCount
            $0.heldBlocks = Data(held)
        }.serializedBytes()
        return try BlobClaim(ByteBuffer(bytes: status), of: id, maxBytes: maxBytes)
    }

    @Test("A size at the limit is taken; one byte more, and what no number of ours holds, is not")
    func limit() throws {
        let limit = 5 * blockBytes
        #expect(try ClaimTests.claim(UInt64(limit), maxBytes: limit)?.byteCount == limit)
        for byteCount in [UInt64(limit) + 1, UInt64(Int.max), UInt64(Int.max) + 1, .max] {
            for held in [[], [1], [UInt8](repeating: 0xff, count: 100)] as [[UInt8]] {
                let error = #expect(throws: ExchangeError.self) {
                    try ClaimTests.claim(byteCount, held: held, maxBytes: limit)
                }
                #expect(error?.code == .tooLarge)
            }
        }
    }

    @Test("A bitmap has as many bits as the blob has blocks; any other is an invalid answer")
    func bitmaps() throws {
        let byteCount = UInt64(9 * blockBytes)
        let claim = try ClaimTests.claim(byteCount, held: [0b10, 1])
        #expect(claim?.held?.blockCount == 9)
        #expect((0..<9).filter { claim?.held?.contains($0) == true } == [1, 8])
        #expect(try ClaimTests.claim(byteCount)?.held == nil)
        #expect(try ClaimTests.claim(byteCount, held: [0, 0]) == nil)
        #expect(try ClaimTests.claim(byteCount, held: [1], isPresent: false) == nil)
        // Too short, too long, and a block behind the last one.
        for held in [[1], [1, 1, 0], [0, 0b10]] as [[UInt8]] {
            let error = #expect(throws: PeerError.self) { try ClaimTests.claim(byteCount, held: held) }
            #expect(error?.code == .protocolViolation)
        }
        // Nothing is made for a size that nobody has shown to be true.
        #expect(throws: PeerError.self) { try ClaimTests.claim(UInt64(Int.max), held: [1], maxBytes: .max) }
    }

    @Test("A page of block values has exactly as many as were asked for")
    func pages() {
        let page = PeerPBBlockValues.with { $0.values = Data([UInt8](repeating: 1, count: 32) + Array(0..<32)) }
        #expect(page.digests(count: 2)?.map(\.bytes) == [[UInt8](repeating: 1, count: 32), Array(0..<32)])
        for count in [0, 1, 3] { #expect(page.digests(count: count) == nil) }
    }

    @Test("A blob that is larger than this node takes is too large, whatever bitmap comes with it", arguments: [0, 1])
    func tooLarge(bitmapBytes: Int) async throws {
        try await withNodes { ledger, nodes in
            let held = Data(repeating: 1, count: bitmapBytes)
            nodes.append(try await ExchangeNode(ledger, answers: Lies.size(UInt64(Int.max), held: held)))
            nodes.append(try await ExchangeNode(ledger))
            let node = nodes[1]
            #expect(
                await code(within: .seconds(5)) { _ = try await node.exchange.open(ClaimTests.id) } == "blob/too-large")
        }
    }

    @Test("A peer whose bitmap does not fit its size has nothing that counts")
    func misfit() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(
                try await ExchangeNode(ledger, answers: Lies.size(UInt64(9 * blockBytes), held: Data([0xff]))))
            nodes.append(try await ExchangeNode(ledger))
            let node = nodes[1]
            #expect(
                await code(within: .seconds(5)) { _ = try await node.exchange.open(ClaimTests.id) } == "blob/not-found")
        }
    }

    @Test("If nobody has the last block, which proves the size, the blob is unavailable soon, every time")
    func missingEnd() async throws {
        try await withNodes { ledger, nodes in
            for _ in 0..<2 {
                nodes.append(
                    try await ExchangeNode(ledger, answers: Lies.size(UInt64(4 * blockBytes), held: Data([0b0111]))))
            }
            nodes.append(try await ExchangeNode(ledger))
            let node = nodes[2]
            for _ in 0..<2 {
                let opened = await code(within: .seconds(5)) { _ = try await node.exchange.open(ClaimTests.id) }
                #expect(opened == "blob/unavailable")
                let fetched = await code(within: .seconds(5)) { try await node.exchange.fetchWhole(ClaimTests.id) }
                #expect(fetched == "blob/unavailable")
                let streamed = await code(within: .seconds(5)) {
                    _ = try await node.exchange.open(ClaimTests.id, keeping: .nowhere)
                }
                #expect(streamed == "blob/unavailable")
            }
        }
    }
}
