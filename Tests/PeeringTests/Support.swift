import Foundation
import Identity
import Logging
import NIOCore
import NIOPosix
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@testable import Peering

let loops = MultiThreadedEventLoopGroup.singleton

/// The network that the tests' nodes belong to.
let testNetwork = Data(repeating: 7, count: 32)

/// Who takes part, and where; may change while nodes run.
final class Ledger: PeerDirectory {
    private struct Record {
        let key: PublicKey
        var endpoint: PeerEndpoint?
        var isGuest = false
    }

    private let records = Mutex<[NodeID: Record]>([:])

    func register(_ key: SigningKey, port: Int? = nil, isGuest: Bool = false) {
        let endpoint = port.map { PeerEndpoint(host: "127.0.0.1", port: $0) }
        let record = Record(key: key.publicKey, endpoint: endpoint, isGuest: isGuest)
        records.withLock { $0[key.publicKey.node] = record }
    }

    func remove(_ node: NodeID) { records.withLock { $0[node] = nil } }

    func isParticipating(_ key: PublicKey) -> Bool { records.withLock { $0[key.node]?.key == key } }
    func publicKey(of node: NodeID) -> PublicKey? { records.withLock { $0[node]?.key } }
    func endpoint(of node: NodeID) -> PeerEndpoint? { records.withLock { $0[node]?.endpoint } }
    var nodes: [NodeID] { records.withLock { Array($0.keys) } }
    func isGuest(_ peer: NodeID) -> Bool { records.withLock { $0[peer]?.isGuest == true } }
}

/// Answers with what a closure says.
struct Answers: PeerRequestHandler {
    let body: @Sendable (PeerRequest, any EventLoop) -> EventLoopFuture<PeerReply>

    func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        body(request, eventLoop)
    }

    /// The request's body comes back.
    static let echo = Answers { request, loop in
        loop.makeSucceededFuture(PeerReply(type: .block, body: request.body))
    }

    static let silence = Answers { _, loop in
        let promise = loop.makePromise(of: PeerReply.self)
        // Longer than any test; a promise must be completed some day.
        loop.scheduleTask(in: .seconds(60)) { promise.fail(PeerError(.internalError, "late")) }
        return promise.futureResult
    }
}

/// A node: its key, its connections, its port.
struct TestNode {
    let key: SigningKey
    let peers: PeerNetwork
    let port: Int

    var id: NodeID { key.publicKey.node }

    init(
        _ ledger: Ledger, key: SigningKey = SigningKey(), port: Int = 0, network: Data = testNetwork,
        handler: any PeerRequestHandler = Answers.echo, limits: PeerLimits = .init(), isRegistered: Bool = true,
        offer: PeerOffer = .current, logger: Logger = quiet
    ) async throws {
        self.key = key
        let local = PeerLocal(
            network: network, ledgerSequence: { 42 }, handler: handler, logger: logger, offer: offer)
        peers = try PeerNetwork(key: key, local: local, directory: ledger, group: loops, limits: limits)
        self.port = try await peers.listen(host: "127.0.0.1", port: port)
        if isRegistered { ledger.register(key, port: self.port) }
    }

    /// Asks `other` and returns the answer's body.
    func ask(
        _ other: NodeID, _ body: ByteBuffer = ByteBuffer(string: "?"), type: FrameType = .readBlock,
        timeout: TimeAmount? = nil
    ) async throws -> ByteBuffer {
        try await peers.connection(to: other).request(type, body, timeout: timeout).get().body
    }
}

/// Keeps what is logged of one message: the levels, in order.
final class LogLevels: LogHandler, Sendable {
    private let message: String
    private let levels = Mutex<[Logger.Level]>([])

    init(of message: String) { self.message = message }

    var all: [Logger.Level] { levels.withLock { $0 } }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        guard event.message.description == message else { return }
        levels.withLock { $0.append(event.level) }
    }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The code of the ``PeerError`` that `body` throws; nil if it throws none.
func code(_ body: () async throws -> Void) async -> PeerError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? PeerError)?.code
    }
}

/// Waits until `condition` holds, for at most 5 seconds.
func eventually(_ condition: () -> Bool) async throws -> Bool {
    for _ in 0..<3_000 {
        if condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return condition()
}

/// The same value. An expectation that fails shows its parts, and looking into live objects while other threads change
/// them is not safe; this way it sees a truth value only.
func holds(_ condition: Bool) -> Bool { condition }

/// A reproducible generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

func randomBytes(_ count: Int, seed: UInt64) -> ByteBuffer {
    var generator = SeededGenerator(seed)
    var bytes = ByteBuffer()
    bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count + 8) { output in
        let words = output.bindMemory(to: UInt64.self)
        var index = 0
        while index * 8 < count {
            words[index] = generator.next()
            index += 1
        }
        return count
    }
    return bytes
}
