import Discovery
import Foundation
import Identity
import Ledger
import LedgerLog
import Membership
import NIOCore
import Synchronization

/// Who takes part and is alive, as provider lookups see it.
final class NetworkView: DiscoveryView {
    private struct Cache {
        var sequence: UInt64?
        var nodes: [DiscoveryNode] = []
        var version: UInt64 = 0
    }

    private let keeper: LedgerKeeper
    private let membership: Membership
    private let cache = Mutex(Cache())

    init(keeper: LedgerKeeper, membership: Membership) {
        self.keeper = keeper
        self.membership = membership
    }

    var nodes: [DiscoveryNode] { current().nodes }

    var version: UInt64 { current().version }

    func isUsable(_ node: NodeID) -> Bool { membership.isUsable(node) }

    func estimatedRoundTrip(to node: NodeID) -> Duration? { membership.estimatedRoundTrip(to: node) }

    /// The nodes change seldom, the ledger often: the list is made anew per entry and counted as changed when it is.
    private func current() -> Cache {
        let state = keeper.state
        return cache.withLock { cache in
            if cache.sequence == state.sequence { return cache }
            cache.sequence = state.sequence
            let nodes = state.participants.map { record in
                DiscoveryNode(
                    id: record.id, publicKey: record.publicKey, operatorID: record.operatorAccount,
                    addressGroup: NetworkView.addressGroup(ofHost: record.peer.host))
            }
            if nodes != cache.nodes {
                cache.nodes = nodes
                cache.version += 1
            }
            return cache
        }
    }

    /// What is likely to fail or be bought together: the /16 of an IPv4 address, the /32 of an IPv6 address, or the last two
    /// labels of a name: whoever has a domain has as many names as it likes.
    static func addressGroup(ofHost host: String) -> String {
        guard let address = try? SocketAddress(ipAddress: host, port: 0) else {
            return host.lowercased().split(separator: ".").suffix(2).joined(separator: ".")
        }
        return switch address {
        case .v4(let v4):
            withUnsafeBytes(of: v4.address.sin_addr) { "\($0[0]).\($0[1])" }
        case .v6(let v6):
            withUnsafeBytes(of: v6.address.sin6_addr) { bytes in
                bytes.prefix(4).map { String(format: "%02x", $0) }.joined()
            }
        case .unixDomainSocket: host
        }
    }
}
