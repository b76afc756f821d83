import NIOCore
import NIOPosix
import Synchronization

/// An authoritative DNS server on loopback, over UDP and TCP, for tests that need names of their own.
final class TestDNSServer: Sendable {
    enum Record: Sendable {
        case a(String)
        case txt([String])
        case cname(String)

        fileprivate var type: UInt16 {
            switch self {
            case .a: 1
            case .cname: 5
            case .txt: 16
            }
        }

        fileprivate var data: [UInt8] {
            switch self {
            case .a(let address): address.split(separator: ".").compactMap { UInt8($0) }
            case .cname(let target): TestDNSServer.encoded(target)
            case .txt(let parts): parts.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
            }
        }
    }

    /// What is wrong with the server.
    enum Mood: Sendable {
        case right, silent, failing
        /// Answers do not fit into a datagram.
        case long
        /// Somebody else answers before it, with another number.
        case forged
    }

    private struct State {
        var records: [String: [Record]] = [:]
        /// Every other name has this address.
        var address: String?
        var mood = Mood.right
        var questions: [String] = []
    }

    private let state = Mutex(State())
    private let udp: any Channel
    private let tcp: any Channel
    let port: Int

    var address: String { "127.0.0.1:\(port)" }
    var questions: [String] { state.withLock { $0.questions } }

    /// - Parameter address: What names without records lead to; nil for nothing.
    init(address: String? = nil) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let answering = Answering()
        let tcp = try await ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(StreamHandler(answering))
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        let port = tcp.localAddress?.port ?? 0
        udp = try await DatagramBootstrap(group: group).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(DatagramHandler(answering))
            }
        }.bind(host: "127.0.0.1", port: port).get()
        self.tcp = tcp
        self.port = port
        state.withLock { $0.address = address }
        answering.attach(self)
    }

    func stop() async {
        try? await udp.close()
        try? await tcp.close()
    }

    func set(_ name: String, _ records: [Record]) { state.withLock { $0.records[name] = records } }

    func set(_ mood: Mood) { state.withLock { $0.mood = mood } }

    static func encoded(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    /// The messages that a query is answered with.
    fileprivate func answers(_ query: [UInt8], isStream: Bool) -> [[UInt8]] {
        guard query.count > 12 else { return [] }
        var labels: [String] = []
        var place = 12
        while place < query.count, query[place] != 0 {
            let end = place + 1 + Int(query[place])
            guard end < query.count else { return [] }
            labels.append(String(decoding: query[(place + 1)..<end], as: UTF8.self).lowercased())
            place = end
        }
        guard place + 5 <= query.count else { return [] }
        let type = UInt16(query[place + 1]) << 8 | UInt16(query[place + 2])
        let question = Array(query[12..<(place + 5)])
        let name = labels.joined(separator: ".")
        let (mood, found) = state.withLock { state -> (Mood, [(String, Record)]?) in
            state.questions.append("\(name) \(type)")
            return (state.mood, TestDNSServer.find(name, type, state.records, state.address))
        }
        if mood == .silent { return [] }
        let isTruncated = mood == .long && !isStream
        var answer = Array(query[0..<2]) + [isTruncated ? 0x87 : 0x85, mood == .failing ? 2 : found == nil ? 3 : 0]
        let records = isTruncated || mood == .failing ? [] : found ?? []
        answer += [0, 1, 0, UInt8(records.count), 0, 0, 0, 0] + question
        for (owner, record) in records {
            // The question's own name is referred to, as servers do.
            answer += owner == name ? [0xc0, 12] : TestDNSServer.encoded(owner)
            let data = record.data
            answer += [0, UInt8(record.type), 0, 1, 0, 0, 0, 1, UInt8(data.count >> 8), UInt8(data.count & 0xff)]
            answer += data
        }
        if mood == .forged, !isStream {
            var forged = answer
            forged[0] ^= 0xff
            forged[3] = 3
            return [forged, answer]
        }
        return [answer]
    }

    /// The records of a name, behind its aliases; nil if there is no such name.
    private static func find(
        _ name: String, _ type: UInt16, _ records: [String: [Record]], _ address: String?
    ) -> [(String, Record)]? {
        guard let own = records[name] ?? address.map({ [.a($0)] }) else { return nil }
        var found: [(String, Record)] = []
        for record in own {
            if record.type == type {
                found.append((name, record))
            } else if case .cname(let target) = record {
                found.append((name, record))
                found += find(target, type, records, address) ?? []
            }
        }
        return found
    }

    private final class Answering: Sendable {
        private let server = Mutex<TestDNSServer?>(nil)

        func attach(_ server: TestDNSServer) { self.server.withLock { $0 = server } }

        func answers(_ query: [UInt8], isStream: Bool) -> [[UInt8]] {
            server.withLock { $0 }?.answers(query, isStream: isStream) ?? []
        }
    }

    private final class DatagramHandler: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>
        private let answering: Answering

        init(_ answering: Answering) { self.answering = answering }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            for answer in answering.answers(Array(envelope.data.readableBytesView), isStream: false) {
                let reply = AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: answer))
                context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
            }
        }
    }

    private final class StreamHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let answering: Answering
        private var received: [UInt8] = []

        init(_ answering: Answering) { self.answering = answering }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += Array(unwrapInboundIn(data).readableBytesView)
            guard received.count > 2, received.count >= 2 + (Int(received[0]) << 8 | Int(received[1])) else { return }
            for answer in answering.answers(Array(received.dropFirst(2)), isStream: true) {
                var buffer = ByteBuffer()
                buffer.writeInteger(UInt16(answer.count))
                buffer.writeBytes(answer)
                context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
            }
            received = []
        }
    }
}
