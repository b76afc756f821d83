import Blake3
import BlobStore
import Foundation
import Identity
import Logging
import NIOCore
import NIOPosix
import Peering
import SwiftProtobuf
import Wire

@testable import Exchange

/// Peers' requests to the exchange, and their answers to its own. A target takes any bytes and says what was answered wrongly; nil if nothing was.
enum ExchangeFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus. They share a node, whose folder
    /// goes with them.
    static func make() throws -> [String: Target] {
        let node = try ServingNode()
        return ["exchange-serve": node.serve, "exchange-answers": answer, "exchange-paid": paid]
    }

    /// A request for a block that is paid for.
    @Sendable private static func paid(_ input: [UInt8]) -> String? {
        guard let body = PaidBlockBody(ByteBuffer(bytes: input)) else { return nil }
        return Array(body.buffer.readableBytesView) == input ? nil : "a request is written otherwise than it was read"
    }

    /// A blob in the index, and one of several blocks.
    static let small = Array("small".utf8)
    static let large = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 / 7) }

    // MARK: Answers

    /// An answer to one of the three requests that a fetch sends, which the first byte chooses.
    @Sendable private static func answer(_ input: [UInt8]) -> String? {
        guard let mode = input.first else { return nil }
        let body = ByteBuffer(bytes: input.dropFirst())
        switch mode % 3 {
        case 0: return problem(status: body)
        case 1: return problem(page: body, count: Int(mode / 3))
        default: return problem(block: body, index: Int(mode / 3) % BlockTree.blockCount(byteCount: large.count))
        }
    }

    private static let maxClaimBytes = 1 << 40

    private static func problem(status body: ByteBuffer) -> String? {
        let id = BlobID(Blake3.hash(large))
        guard let claim = try? BlobClaim(body, of: id, maxBytes: maxClaimBytes) else { return nil }
        guard (0...maxClaimBytes).contains(claim.byteCount) else { return "\(claim.byteCount) bytes are claimed" }
        guard let held = claim.held else { return nil }
        let count = BlockTree.blockCount(byteCount: claim.byteCount)
        return held.blockCount == count && held.count > 0
            ? nil : "\(held.count) of \(held.blockCount) blocks, not \(count)"
    }

    private static func problem(page body: ByteBuffer, count: Int) -> String? {
        guard let page = try? PeerPBBlockValues(serializedBytes: Array(body.readableBytesView)),
            let digests = page.digests(count: count)
        else { return nil }
        return Data(digests.flatMap(\.bytes)) == page.values ? nil : "values are read as others"
    }

    /// Only the block itself has its value.
    private static func problem(block body: ByteBuffer, index: Int) -> String? {
        let start = index * BlockTree.blockByteCount
        let block = large[start..<min(large.count, start + BlockTree.blockByteCount)]
        let isBlock = body.readableBytesView.elementsEqual(block)
        let value = ByteBuffer(bytes: block).blockValue(index, of: large.count)
        let isTaken = body.blockValue(index, of: large.count) == value
        return isTaken == isBlock ? nil : "other bytes are taken for block \(index)"
    }

    // MARK: Requests

    private final class ServingNode: Sendable {
        private let folder = NSTemporaryDirectory() + "skerry-fuzz-\(UUID().uuidString)"
        private let store: BlobStore
        private let exchange: Exchange
        private let peer = NodeID(Blake3.hash([2]))

        init() throws {
            let quiet = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
            let group = MultiThreadedEventLoopGroup.singleton
            let store = try BlobStore(folder: folder, settings: .init(), threadPool: .singleton, logger: quiet)
            self.store = store
            let peers = try PeerNetwork(
                key: SigningKey(), network: Data(repeating: 7, count: 32), directory: Nobody(), handler: Silence(),
                ledgerSequence: { 1 }, group: group, logger: quiet)
            exchange = Exchange(store: store, peers: peers, directory: Nobody(), group: group, logger: quiet)
            try group.next().makeFutureWithTask {
                _ = try await store.put(ByteBuffer(bytes: ExchangeFuzzTargets.small))
                _ = try await store.put(ByteBuffer(bytes: ExchangeFuzzTargets.large))
            }.wait()
        }

        deinit {
            try? store.close()
            try? FileManager.default.removeItem(atPath: folder)
        }

        /// The first byte chooses the type of the request, the rest is its body.
        @Sendable func serve(_ input: [UInt8]) -> String? {
            guard let mode = input.first else { return nil }
            let types: [FrameType] = [.statBlob, .readBlockValues, .readBlock, .init(rawValue: mode)]
            let type = types[Int(mode) % types.count]
            let body = ByteBuffer(bytes: input.dropFirst())
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let answer = loop.flatSubmit {
                self.exchange.serve(PeerRequest(peer: self.peer, type: type, body: body), on: loop)
                    ?? loop.makeFailedFuture(PeerError(.unsupported, "Only blobs are served here"))
            }
            guard let reply = try? answer.wait() else { return nil }
            loop.execute { reply.onSent?() }
            guard reply.body.readableBytes <= FrameHeader.maxBodyBytes else { return "an answer is too large" }
            return type == .readBlock ? problem(block: reply, input) : nil
        }

        private func problem(block reply: PeerReply, _ input: [UInt8]) -> String? {
            guard let request = try? PeerPBReadBlock(serializedBytes: Array(input.dropFirst())) else {
                return "a block was sent for a request that cannot be read"
            }
            let bytes =
                Data(ExchangeFuzzTargets.small) == Data(reply.body.readableBytesView)
                ? ExchangeFuzzTargets.small : ExchangeFuzzTargets.large
            let start = Int(request.index) * BlockTree.blockByteCount
            let block = start < bytes.count ? bytes[start..<min(bytes.count, start + BlockTree.blockByteCount)] : []
            return reply.body.readableBytesView.elementsEqual(block) ? nil : "block \(request.index) is another one"
        }
    }

    private struct Nobody: PeerDirectory {
        func isParticipating(_ key: PublicKey) -> Bool { false }
        func publicKey(of node: NodeID) -> PublicKey? { nil }
        func endpoint(of node: NodeID) -> PeerEndpoint? { nil }
        var nodes: [NodeID] { [] }
    }

    private struct Silence: PeerRequestHandler {
        func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
            eventLoop.makeFailedFuture(PeerError(.unsupported, "Nothing is served here"))
        }
    }
}
