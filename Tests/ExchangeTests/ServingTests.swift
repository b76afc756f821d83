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

    @Test("What the store has in memory is told at once; the loop never waits for its index")
    func status() async throws {
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, storeThreads: threads))
            let node = nodes[0]
            let known = try await node.store.put(randomBytes(3 * blockBytes))
            let unknown = BlobID(Blake3.hash([9]))
            // The pool's only thread is busy from here on.
            let gate = DispatchSemaphore(value: 0)
            let busy = threads.runIfActive(eventLoop: loops.next()) { gate.wait() }
            let status = try await ask(node, known).get()
            #expect(status.present)
            #expect(status.byteCount == UInt64(3 * blockBytes))
            let later = ask(node, unknown)
            try await Task.sleep(for: .milliseconds(100))
            let isAnswered = Mutex(false)
            later.whenComplete { _ in isAnswered.withLock { $0 = true } }
            try await Task.sleep(for: .milliseconds(100))
            #expect(!isAnswered.withLock { $0 })
            gate.signal()
            try await busy.get()
            #expect(try await later.get().present == false)
        }
        try await threads.shutdownGracefully()
    }

    /// Asks on an event loop, as a connection does.
    private func ask(_ node: ExchangeNode, _ id: BlobID) -> EventLoopFuture<PeerPBBlobStatus> {
        let loop = loops.next()
        return loop.flatSubmit {
            do {
                let body: [UInt8] = try PeerPBStatBlob.with { $0.blob = Data(id.digest.bytes) }.serializedBytes()
                let request = PeerRequest(peer: node.id, type: .statBlob, body: ByteBuffer(bytes: body))
                return (node.exchange.serve(request, on: loop) ?? loop.makeFailedFuture(ChannelError.eof))
                    .flatMapThrowing { try PeerPBBlobStatus(serializedBytes: Array($0.body.readableBytesView)) }
            } catch {
                return loop.makeFailedFuture(error)
            }
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
