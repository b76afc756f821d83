import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Ledger

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The connection to one member of the cluster. It is made with the first request and again after each loss.
final class EtcdMember: Sendable {
    typealias Transport = HTTP2ClientTransport.Posix

    /// The pause before the second attempt to connect; it grows to ``maxConnectBackoff``.
    private static let connectBackoff = Duration.milliseconds(100)
    private static let maxConnectBackoff = Duration.seconds(1)
    /// A connection that is silent this long is probed; etcd closes those that probe more often than every 5 s.
    private static let probeInterval = Duration.seconds(10)
    private static let probeTimeout = Duration.seconds(5)
    private static let maxIdleTime = Duration.seconds(30 * 60)

    let endpoint: Ledger.Endpoint
    let keyValues: EtcdKV.Client<Transport>
    let watches: EtcdWatch.Client<Transport>
    let leases: EtcdLease.Client<Transport>
    let maintenance: EtcdMaintenance.Client<Transport>
    private let connections: Task<Void, Never>

    /// - Throws: If a file of `tls` cannot be used.
    init(_ endpoint: Ledger.Endpoint, tls: EtcdTLSFiles?) throws {
        let transport = try EtcdMember.transport(endpoint, tls)
        let client = GRPCClient(transport: transport)
        self.endpoint = endpoint
        keyValues = EtcdKV.Client(wrapping: client)
        watches = EtcdWatch.Client(wrapping: client)
        leases = EtcdLease.Client(wrapping: client)
        maintenance = EtcdMaintenance.Client(wrapping: client)
        // The connections live as long as the member, whoever uses it: `close()` ends them.
        connections = Task { try? await client.runConnections() }
    }

    /// Ends the connections; calls in flight fail.
    func close() async {
        connections.cancel()
        await connections.value
    }

    private static func transport(_ endpoint: Ledger.Endpoint, _ tls: EtcdTLSFiles?) throws -> Transport {
        var config = Transport.Config.defaults
        config.backoff = .init(initial: connectBackoff, max: maxConnectBackoff, multiplier: 1.6, jitter: 0.2)
        // Without coalescing of flushes: one small request at a time gains nothing by waiting for others.
        config.connection = .init(
            maxIdleTime: maxIdleTime,
            keepalive: .init(time: probeInterval, timeout: probeTimeout, allowWithoutCalls: false))
        config.channelDebuggingCallbacks.onCreateTCPConnection = EtcdPings.answer
        var security = Transport.TransportSecurity.plaintext
        if let tls {
            security = .mTLS(
                certificateChain: [.file(path: tls.certificate, format: .pem)],
                privateKey: .file(path: tls.key, format: .pem)
            ) { $0.trustRoots = .certificates([.file(path: tls.authorities, format: .pem)]) }
        }
        let port = Int(endpoint.port)
        if isAddress(endpoint.host, AF_INET) {
            return try Transport(
                target: .ipv4(address: endpoint.host, port: port), transportSecurity: security, config: config)
        }
        if isAddress(endpoint.host, AF_INET6) {
            return try Transport(
                target: .ipv6(address: endpoint.host, port: port), transportSecurity: security, config: config)
        }
        return try Transport(
            target: .dns(host: endpoint.host, port: port), transportSecurity: security, config: config)
    }

    private static func isAddress(_ host: String, _ family: Int32) -> Bool {
        var address = in6_addr()
        return inet_pton(family, host, &address) == 1
    }
}
