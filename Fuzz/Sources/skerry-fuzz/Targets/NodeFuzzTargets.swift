import Blake3
import Calls
import Foundation
import FunctionServices
import Identity
import Logging
import Membership
import NIOCore
import NIOPosix
import Peering
import SwiftProtobuf
import Wire

@testable import Node

/// Peers' requests to the key-value stores, and what homes tell each other. A target takes any bytes and says what was
/// answered wrongly; nil if nothing was.
enum NodeFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus. They share a node, whose folder
    /// goes with them.
    static func make() throws -> [String: Target] {
        let node = try ServingNode()
        return ["kv-messages": messages, "kv-serve": node.serve, "call-frames": callFrames]
    }

    /// The other home, whose id has 32 bytes 2: no key has it.
    static let peer = NodeID(Digest([UInt8](repeating: 2, count: Digest.byteCount)) ?? Blake3.hash([2]))
    static let types: [FrameType] = [.kvGet, .kvPut, .kvDelete, .kvList, .kvPush, .kvPull, .kvApps, .kvOffer]

    // MARK: Messages

    /// What is read is written so that it is read as the same. The first byte chooses the message.
    @Sendable private static func messages(_ input: [UInt8]) -> String? {
        guard let mode = input.first else { return nil }
        let bytes = Array(input.dropFirst())
        let isSame: Bool? =
            switch mode % 4 {
            case 0: same(bytes, PeerPBKVChanges.self, { try? KVChangePage($0) }, { $0.message(of: "a/b") })
            case 1: same(bytes, PeerPBKVEntry.self, { try? KVEntry($0) }, { PeerPBKVEntry($0) })
            case 2: same(bytes, PeerPBKVNames.self, { try? KVPage($0) }, \.message)
            default:
                same(
                    bytes, PeerPBKVPull.self, { try? KVVector($0.seen) },
                    { vector in PeerPBKVPull.with { $0.seen = vector.message } })
            }
        return isSame == false ? "a message is written otherwise than it was read" : nil
    }

    private static func same<Content: Equatable, M: Message>(
        _ bytes: [UInt8], _ type: M.Type, _ read: (M) -> Content?, _ write: (Content) -> M
    ) -> Bool? {
        guard let message = try? M(serializedBytes: bytes), let content = read(message) else { return nil }
        guard let again: [UInt8] = try? write(content).serializedBytes(), let message = try? M(serializedBytes: again)
        else { return false }
        return read(message) == content
    }

    /// What is read about calls is written as the same bytes. The first byte chooses the message.
    @Sendable private static func callFrames(_ input: [UInt8]) -> String? {
        guard let mode = input.first else { return nil }
        let bytes = ByteBuffer(bytes: input.dropFirst())
        var rest = bytes
        let again: ByteBuffer? =
            switch mode % 4 {
            case 0: (try? CallFrames.begin(bytes)).map { CallFrames.encode($0) }
            case 1: (try? CallFrames.answer(bytes)).map { CallFrames.encode($0.answer, gas: $0.gas) }
            case 2:
                (try? CallFrames.call(&rest)).flatMap { call in
                    (try? CallFrames.part(&rest)).map { CallFrames.encode($0, of: call, $1) }
                }
            default: (try? CallFrames.part(&rest)).map { CallFrames.encode($0, $1) }
            }
        return again == nil || again == bytes ? nil : "what was said about a call is written otherwise than it was read"
    }

    // MARK: Requests

    private final class ServingNode: Sendable {
        private let folder = NSTemporaryDirectory() + "skerry-fuzz-\(UUID().uuidString)"
        private let values: NodeKV

        init() throws {
            let quiet = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let node = NodeID(Blake3.hash([1]))
            values = try NodeKV(
                node: node, file: folder + "/kv.sqlite", network: Alone(nodes: [node, NodeFuzzTargets.peer]),
                logger: quiet)
        }

        deinit {
            let (values, folder) = (values, folder)
            try? MultiThreadedEventLoopGroup.singleton.next().makeFutureWithTask { await values.close() }.wait()
            try? FileManager.default.removeItem(atPath: folder)
        }

        /// The first byte chooses the type of the request, the rest is its body. Changes have the clock of the peer.
        @Sendable func serve(_ input: [UInt8]) -> String? {
            guard let mode = input.first else { return nil }
            let type = NodeFuzzTargets.types[Int(mode) % NodeFuzzTargets.types.count]
            let request = PeerRequest(
                peer: NodeFuzzTargets.peer, type: type, body: ByteBuffer(bytes: input.dropFirst()))
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            guard let answer = values.serve(request, on: loop) else { return "a request is not served" }
            guard let reply = try? answer.wait() else { return nil }
            guard reply.type.rawValue == type.rawValue + 1 else { return "the answer is of another type" }
            return reply.body.readableBytes <= FrameHeader.maxBodyBytes ? nil : "an answer is too large"
        }
    }

    /// Nobody else lives.
    private struct Alone: KVNetwork {
        let nodes: [NodeID]
        var life: UInt64 { 1 }
        var roster: Int { 1 }
        func homes(of app: String) -> KVHomes? { KVHomes(of: "app", among: nodes, copies: nodes.count) }
        func companions() -> [NodeID] { [] }
        func isUsable(_ node: NodeID) -> Bool { false }
        func changes() -> AsyncStream<MembershipEvent> { AsyncStream { $0.finish() } }
        func ask(_ node: NodeID, _ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount) async throws -> ByteBuffer
        {
            throw PeerError(.unreachable, "Nobody lives")
        }
    }

    // MARK: Seeds

    /// Small valid inputs by target and name.
    static func seeds() throws -> [String: [String: [UInt8]]] {
        let writer = NodeKV.writer(of: peer)
        let entry = KVEntry(value: [1, 2], metadata: "{\"a\":1}", expiration: 4_000_000_000)
        let stamps = [KVStamp(clock: 5, writer: writer), KVStamp(clock: 6, writer: writer)]
        let page = KVChangePage(
            changes: [
                KVChange(namespace: "n", key: "k", stamp: stamps[0], entry: entry),
                KVChange(namespace: "n", key: "l", stamp: stamps[1], entry: nil),
            ], spans: [KVSpan(writer: writer, from: 0, to: 6)], known: KVVector([writer: 6]), isComplete: true)
        let changes: [UInt8] = try page.message(of: "a/b").serializedBytes()
        let value: [UInt8] = try PeerPBKVEntry(entry).serializedBytes()
        let names: [UInt8] = try KVPage(keys: [.init(name: "k", metadata: "1", expiration: 9)], next: "k").message
            .serializedBytes()
        let pull: [UInt8] = try PeerPBKVPull.with {
            $0.app = "a/b"
            $0.seen = page.known.message
        }.serializedBytes()
        let key: [UInt8] = try PeerPBKVKey.with {
            $0.app = "a/b"
            $0.namespace = "n"
            $0.key = "k"
        }.serializedBytes()
        let put: [UInt8] = try PeerPBKVPut.with {
            $0.app = "a/b"
            $0.namespace = "n"
            $0.key = "p"
            $0.entry = PeerPBKVEntry(entry)
        }.serializedBytes()
        let list: [UInt8] = try PeerPBKVList.with {
            $0.app = "a/b"
            $0.namespace = "n"
            $0.limit = 9
        }.serializedBytes()
        let begin = CallFrames.Begin(
            call: 7, hops: 1, deadlineMillis: 30_000, tenant: "a/b", release: "r",
            request: .init(
                id: "0123456789abcdef", trace: "", method: "GET", url: "http://b.localhost/", headers: [("host", "b")]),
            body: ByteBuffer(string: "in"), hasMore: true)
        var clients = begin
        clients.tenant = "b"
        clients.release = ""
        clients.request.id = ""
        clients.request.url = "/x?y=1"
        clients.mostGas = 500
        var patient = begin
        patient.takesInterim = true
        let reply = CallFrames.Answer.reply(
            status: 200, headers: [("a", "b")], body: ByteBuffer(string: "out"), hasMore: false)
        let failure = CallFrames.Answer.failure(
            code: "function/overloaded", message: "full", retryAfterMillis: 1_000, wasRun: false)
        return [
            "call-frames": [
                "begin": [0] + Array(buffer: CallFrames.encode(begin)),
                "patient-begin": [0] + Array(buffer: CallFrames.encode(patient)),
                "interim": [1] + Array(buffer: CallFrames.encode(.interim(status: 103, headers: [("a", "b")]))),
                "reply": [1] + Array(buffer: CallFrames.encode(reply)),
                "client-begin": [0] + Array(buffer: CallFrames.encode(clients)),
                "client-reply": [1] + Array(buffer: CallFrames.encode(reply, gas: 3)),
                "failure": [1] + Array(buffer: CallFrames.encode(failure)),
                "send": [2] + Array(buffer: CallFrames.encode(.more, of: 7, ByteBuffer(string: "more"))),
                "part": [3] + Array(buffer: CallFrames.encode(.last, ByteBuffer(string: "end"))),
            ],
            "kv-messages": [
                "changes": [0] + changes, "entry": [1] + value, "names": [2] + names, "vector": [3] + pull,
            ],
            "kv-serve": [
                "get": [0] + key, "put": [1] + put, "delete": [2] + key, "list": [3] + list, "push": [4] + changes,
                // An offer has the fields of a pull.
                "pull": [5] + pull, "apps": [6], "offer": [7] + pull,
            ],
        ]
    }
}
