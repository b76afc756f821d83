import Foundation
import Identity
import NIOCore
import Peering
import SwiftProtobuf
import Wire

extension Discovery {
    /// Asks a node, dialling included, within ``DiscoverySettings/requestTimeout``.
    ///
    /// - Throws: ``PeerError``; `CancellationError` as soon as the task is cancelled.
    func ask<Reply: Message & Sendable>(
        _ node: NodeID, _ type: FrameType, _ message: some Message, expecting reply: FrameType,
        as: Reply.Type = Reply.self
    ) async throws -> Reply {
        let timeout = TimeAmount.nanoseconds(settings.requestTimeout.nanoseconds)
        let bytes: [UInt8] = try message.serializedBytes()
        let loop = group.next()
        let answer = loop.makePromise(of: Frame.self)
        let timer = loop.scheduleTask(in: timeout) {
            answer.fail(PeerError(.timeout, "Node \(node.short) could not be reached and asked in time"))
        }
        peers.connection(to: node, on: loop)
            .flatMap { $0.request(type, ByteBuffer(bytes: bytes), timeout: timeout).hop(to: loop) }
            .whenComplete { result in
                timer.cancel()
                answer.completeWith(result)
            }
        let frame = try await withTaskCancellationHandler {
            try await answer.futureResult.get()
        } onCancel: {
            answer.fail(CancellationError())
        }
        guard frame.type == reply, let message = try? Reply(serializedBytes: Array(frame.body.readableBytesView)) else {
            throw PeerError(.protocolViolation, "Node \(node.short) answered \(type) with something else")
        }
        return message
    }
}
