import Blake3
import Foundation
import Identity
import Logging
import NIOCore
import NIOEmbedded
import NIOTLS
import SwiftProtobuf
import Wire

@testable import Peering

/// Decoders of peer connections. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum PeeringFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        ["frame": frames, "peer-connection": connection, "peer-endpoint": endpoint]
    }

    /// The first byte is the size of the pieces; whole and in pieces the same frames are read.
    private static func frames(_ input: [UInt8]) -> String? {
        guard let size = input.first else { return nil }
        let stream = Array(input.dropFirst())
        let whole = decode(stream, pieces: max(1, stream.count))
        let parts = decode(stream, pieces: Int(size) + 1)
        guard whole.frames == parts.frames, whole.failure == parts.failure else {
            return "\(whole.frames.count) frames whole, \(parts.frames.count) in pieces of \(Int(size) + 1)"
        }
        // What was read is written as it came.
        var again: [UInt8] = []
        for frame in whole.frames {
            let words = frame.header.words
            for word in [words.0, words.1, words.2] { withUnsafeBytes(of: word.bigEndian) { again += $0 } }
            again += Array(frame.body.readableBytesView)
        }
        return stream.starts(with: again) ? nil : "frames are written otherwise than they were read"
    }

    private struct Read: Equatable {
        let header: FrameHeader
        let body: ByteBuffer
    }

    private static func decode(_ stream: [UInt8], pieces: Int) -> (frames: [Read], failure: FrameError?) {
        var decoder = FrameDecoder()
        var frames: [Read] = []
        do throws(FrameError) {
            for start in stride(from: 0, to: stream.count, by: pieces) {
                decoder.feed(ByteBuffer(bytes: stream[start..<min(stream.count, start + pieces)]))
                while let frame = try decoder.next(allocator: ByteBufferAllocator()) {
                    frames.append(Read(header: frame.header, body: frame.body))
                }
            }
            return (frames, nil)
        } catch { return (frames, error) }
    }

    /// What a peer sends after the TLS handshake: hello, requests, answers, pings. The first byte: the size of the
    /// pieces, and whether a right hello goes first.
    private static func connection(_ input: [UInt8]) -> String? {
        guard let mode = input.first else { return nil }
        let channel = EmbeddedChannel()
        let opened = channel.eventLoop.makePromise(of: NodeID.self)
        let network = Data(repeating: 7, count: Digest.byteCount)
        let local = PeerLocal(network: network, ledgerSequence: { 1 }, handler: Echo(), logger: quiet)
        let node = NodeID(Blake3.hash([1]))
        let identity = PeerIdentity(expected: node)
        identity.accept(node)
        let handler = PeerHandler(identity: identity, local: local, limits: .init(), opened: opened)
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        do {
            try channel.pipeline.syncOperations.addHandler(handler)
            channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: nil))
            if mode & 1 == 1 {
                let hello = PeerPBHello.with {
                    $0.protocolVersion = 1
                    $0.network = network
                }
                try channel.writeInbound(frame(.hello, try hello.serializedBytes()))
                // Answers of the fuzzed peer to this find their request.
                _ = handler.request(.statBlob, ByteBuffer(), timeout: nil, on: channel.eventLoop)
            }
            let size = Int(mode) * 8 + 1
            for start in stride(from: 1, to: input.count, by: size) {
                try channel.writeInbound(ByteBuffer(bytes: input[start..<min(input.count, start + size)]))
                channel.embeddedEventLoop.run()
                while try channel.readOutbound(as: ByteBuffer.self) != nil {}
            }
            channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        } catch {
            return nil
        }
        return nil
    }

    static func frame(_ type: FrameType, _ body: [UInt8], id: UInt32 = 0, flags: FrameHeader.Flags = []) -> ByteBuffer {
        let words = FrameHeader(bodyByteCount: body.count, type: type, flags: flags, requestID: id).words
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(words.0, words.1, words.2)
        bytes.writeBytes(body)
        return bytes
    }

    private static func endpoint(_ input: [UInt8]) -> String? {
        guard let endpoint = PeerEndpoint(String(decoding: input, as: UTF8.self)) else { return nil }
        return PeerEndpoint(endpoint.description) == endpoint ? nil : "\(endpoint) is read as another endpoint"
    }

    private static let quiet = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }

    private struct Echo: PeerRequestHandler {
        func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
            eventLoop.makeSucceededFuture(PeerReply(type: .block, body: request.body))
        }
    }
}
