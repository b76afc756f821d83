import EtcdLog
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Ledger

/// What etcd does by itself: puts of one small value each, every one acknowledged.
struct EtcdPuts {
    private typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    private static let method = MethodDescriptor(fullyQualifiedService: "etcdserverpb.KV", method: "Put")
    /// As large as a transfer.
    private static let valueBytes = 250

    let endpoints: [Ledger.Endpoint]

    private struct Raw: MessageSerializer, MessageDeserializer {
        func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) -> Bytes { Bytes(message) }

        func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) -> [UInt8] {
            bytes.withUnsafeBytes { Array($0) }
        }
    }

    /// Puts `count` values with so many clients, each one after the other, spread over the members.
    func run(_ count: Int, clients width: Int) async throws -> Latencies {
        var config = HTTP2ClientTransport.Posix.Config.defaults
        // etcd pings with each request; the library would end the connection after 200 of them.
        config.channelDebuggingCallbacks.onCreateTCPConnection = EtcdPings.answer
        // A connection each, as separate clients have.
        let clients = try (0..<width).map { [config] number in
            let endpoint = endpoints[number % endpoints.count]
            return Client(
                transport: try HTTP2ClientTransport.Posix(
                    target: .ipv4(address: endpoint.host, port: Int(endpoint.port)), transportSecurity: .plaintext,
                    config: config))
        }
        return try await withThrowingTaskGroup(of: Latencies.self) { group in
            for client in clients {
                group.addTask {
                    try await client.runConnections()
                    return Latencies()
                }
            }
            for number in 0..<width {
                group.addTask {
                    let client = clients[number]
                    var latencies = Latencies()
                    for index in 0..<count / width {
                        let start = ContinuousClock.now
                        try await EtcdPuts.put(client, key: "bench/\(number)/\(index % 1_000)")
                        latencies.add(ContinuousClock.now - start)
                    }
                    return latencies
                }
            }
            var all = Latencies()
            for _ in 0..<width {
                guard let some = try await group.next() else { break }
                all.add(some)
            }
            for client in clients { client.beginGracefulShutdown() }
            try await group.waitForAll()
            return all
        }
    }

    private static func put(_ client: Client, key: String) async throws {
        // PutRequest: field 1 the key, field 2 the value, each with its length.
        var request: [UInt8] = [0x0a, UInt8(key.utf8.count)] + key.utf8
        request += [0x12, UInt8(valueBytes & 0x7f | 0x80), UInt8(valueBytes >> 7)]
        request += [UInt8](repeating: 0x61, count: valueBytes)
        _ = try await client.unary(
            request: ClientRequest(message: request), descriptor: method, serializer: Raw(), deserializer: Raw(),
            options: .defaults
        ) { try $0.message }
    }
}

/// How long each of many operations took.
struct Latencies: Sendable {
    private var seconds: [Double] = []

    mutating func add(_ duration: Duration) { seconds.append(duration.inSeconds) }

    mutating func add(_ other: Latencies) { seconds += other.seconds }

    var isEmpty: Bool { seconds.isEmpty }

    /// `p50 1.2 ms, p99 3.4 ms`.
    var description: String {
        let (median, high) = (Statistics.median(seconds) * 1e3, Statistics.quantile(0.99, of: seconds) * 1e3)
        return "p50 \(Table.number(median)) ms, p99 \(Table.number(high)) ms"
    }
}
