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

@Suite("Serving blobs", .timeLimit(.minutes(1)))
struct ServingTests {
    private func answer(_ node: ExchangeNode, _ type: FrameType, _ body: ByteBuffer) async throws -> PeerReply? {
        let loop = loops.next()
        return try await node.exchange.serve(PeerRequest(peer: node.id, type: type, body: body), on: loop)?.get()
    }

    private func peerCode(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? PeerError)?.code.description
        }
    }

    @Test("Requests that make no sense get an error of the protocol, never a trap")
    func hostile() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger))
            let node = nodes[0]
            let id = try await node.store.put(randomBytes(3 * blockBytes))
            let digest = Data(id.digest.bytes)
            #expect(try await answer(node, .readEntries, ByteBuffer()) == nil)
            for type in [FrameType.statBlob, .readBlock, .readBlockValues] {
                let garbage = await peerCode { _ = try await answer(node, type, ByteBuffer(repeating: 0xff, count: 7)) }
                #expect(garbage == "peer/protocol-violation")
                let noID = await peerCode { _ = try await answer(node, type, ByteBuffer()) }
                #expect(noID == "peer/protocol-violation")
            }
            for (first, count) in [(0, 0), (0, 4), (3, 1), (UInt32.max, UInt32.max), (0, 8_193)] as [(UInt32, UInt32)] {
                let message: [UInt8] = try PeerPBReadBlockValues.with {
                    $0.blob = digest
                    $0.first = first
                    $0.count = count
                }.serializedBytes()
                let body = ByteBuffer(bytes: message)
                let refusal = await peerCode { _ = try await answer(node, .readBlockValues, body) }
                #expect(refusal == "peer/protocol-violation")
            }
            for (blob, index, expected) in [
                (digest, UInt32(3), "blob/bad-block"), (digest, .max, "blob/bad-block"),
                (Data(count: 32), 0, "blob/not-found"),
            ] {
                let message: [UInt8] = try PeerPBReadBlock.with {
                    $0.blob = blob
                    $0.index = index
                }.serializedBytes()
                let body = ByteBuffer(bytes: message)
                #expect(await peerCode { _ = try await answer(node, .readBlock, body) } == expected)
            }
        }
    }
}
