import Crypto
import Foundation
import Identity
import Logging
import Peering
import Synchronization

/// The nodes of a benchmark's network, numbered: every process derives the same keys. Number 0 reads.
final class Cast: PeerDirectory {
    /// Who takes part.
    static let count = 6

    let keys: [SigningKey]
    private let ports = Mutex<[NodeID: Int]>([:])

    init() throws {
        keys = try (0..<Cast.count).map { number in
            try SigningKey(rawRepresentation: Data(SHA256.hash(data: Data("skerry benchmark node \(number)".utf8))))
        }
    }

    func register(_ number: Int, port: Int) { ports.withLock { $0[node(number)] = port } }

    func node(_ number: Int) -> NodeID { keys[number].publicKey.node }

    func isParticipating(_ key: PublicKey) -> Bool { keys.contains { $0.publicKey == key } }
    func publicKey(of node: NodeID) -> PublicKey? { keys.first { $0.publicKey.node == node }?.publicKey }
    func endpoint(of node: NodeID) -> PeerEndpoint? {
        ports.withLock { $0[node] }.map { PeerEndpoint(host: "127.0.0.1", port: $0) }
    }
    var nodes: [NodeID] { ports.withLock { Array($0.keys) } }

    /// The network that all of them belong to.
    static let network = Data(repeating: 1, count: 32)

    /// A log that nobody reads.
    static let quiet = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
}
