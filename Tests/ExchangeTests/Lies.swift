import Exchange
import Foundation
import Identity
import NIOCore
import NIOPosix
import Peering
import SwiftProtobuf
import Synchronization
import Wire

/// Ways in which a provider may misbehave.
enum Lies {
    /// Every answer to one type of request is late.
    static func slow(_ delay: TimeAmount, _ type: FrameType = .readBlock) -> Service.Change {
        { request, answer, loop in
            guard request.type == type else { return nil }
            return loop.scheduleTask(in: delay) {}.futureResult.flatMap { answer }
        }
    }

    /// No answers to one type of request.
    static func hang(_ type: FrameType) -> Service.Change {
        { request, _, loop in
            guard request.type == type else { return nil }
            return loop.scheduleTask(in: .seconds(30)) { throw PeerError(.internalError, "late") }.futureResult
        }
    }

    /// Blocks are changed, but for the one that proves the size if `isProofTrue`.
    static func blocks(
        isProofTrue: Bool = true, _ change: @escaping @Sendable (PeerReply) -> PeerReply
    ) -> Service.Change {
        let count = Mutex(0)
        return { request, answer, _ in
            guard request.type == .readBlock else { return nil }
            let isProof = count.withLock { count in
                count += 1
                return count == 1
            }
            return isProof && isProofTrue ? nil : answer.map(change)
        }
    }

    @Sendable static func flipBit(_ reply: PeerReply) -> PeerReply {
        var body = reply.body
        let index = body.readerIndex + body.readableBytes / 2
        if let byte: UInt8 = body.getInteger(at: index) { body.setInteger(byte ^ 4, at: index) }
        return PeerReply(type: reply.type, body: body)
    }

    @Sendable static func truncate(_ reply: PeerReply) -> PeerReply {
        PeerReply(type: reply.type, body: reply.body.getSlice(at: reply.body.readerIndex, length: 100) ?? ByteBuffer())
    }

    @Sendable static func retype(_ reply: PeerReply) -> PeerReply {
        PeerReply(type: FrameType(rawValue: 199), body: reply.body)
    }

    /// Every block but the one that proves the blob is refused with this code.
    static func refuse(_ code: PeerError.Code) -> Service.Change {
        let count = Mutex(0)
        return { request, _, loop in
            guard request.type == .readBlock else { return nil }
            let isProof = count.withLock { count in
                count += 1
                return count == 1
            }
            return isProof ? nil : loop.makeFailedFuture(PeerError(code, "not now"))
        }
    }

    /// Claims to have everything, or the blocks of the bitmap `held`, of a blob of this many bytes.
    static func size(_ byteCount: UInt64, held: Data = Data()) -> Service.Change {
        { request, _, loop in
            guard request.type == .statBlob else { return nil }
            return loop.makeCompletedFuture {
                let status = PeerPBBlobStatus.with {
                    $0.present = true
                    $0.byteCount = byteCount
                    $0.heldBlocks = held
                }
                return try PeerReply(.blobStatus, status)
            }
        }
    }

    /// Block values are changed.
    static func blockValues(_ change: @escaping @Sendable (Data) -> Data) -> Service.Change {
        { request, answer, _ in
            guard request.type == .readBlockValues else { return nil }
            return answer.flatMapThrowing { reply in
                let page = try PeerPBBlockValues(serializedBytes: Array(reply.body.readableBytesView))
                return try PeerReply(.blockValues, PeerPBBlockValues.with { $0.values = change(page.values) })
            }
        }
    }

    /// Answers to `type` are no protobuf at all.
    static func garbage(_ type: FrameType) -> Service.Change {
        { request, answer, _ in
            guard request.type == type else { return nil }
            return answer.map { PeerReply(type: $0.type, body: ByteBuffer(repeating: 0xff, count: 9)) }
        }
    }
}

/// A port that takes connections and says nothing.
struct MutePort {
    private let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    init() async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func close() async throws { try await channel.close() }
}
