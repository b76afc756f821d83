import Certificates
import Foundation
import Identity
import Logging
import Membership
import SwiftProtobuf
import Wire

/// Certificates of domains whose apps other nodes serve: this node shows their chains, and those nodes, which alone have
/// the keys, sign its handshakes.
extension NodeFleet {
    /// Living nodes that have a domain's key, the nearest first; none if this node may hold it itself, and for a domain
    /// whose proof it has not seen.
    private func lenders(_ domain: String) -> [NodeID] {
        let holders = holders(domain)
        guard !holders.contains(node) else { return [] }
        let distances = holders.filter { isAlive($0) }.map { other in
            (node: other, distance: membership.estimatedRoundTrip(to: other) ?? .seconds(1))
        }
        return distances.sorted { ($0.distance, $0.node) < ($1.distance, $1.node) }.map(\.node)
    }

    /// Whether this node shows a domain's chain only, if it has it.
    func mayBorrow(_ domain: String) -> Bool {
        let holders = holders(domain)
        return !holders.isEmpty && !holders.contains(node)
    }

    /// Gets a domain's chain, and serves it from then on.
    ///
    /// - Returns: Whether it is served.
    func borrow(_ domain: String) async -> Bool {
        let request = PeerPBReadCertificate.with { $0.domain = domain }
        for other in lenders(domain) {
            do {
                let answer = try await peers.read(other, request)
                guard !answer.chain.isEmpty else { continue }
                let chain = try CertificateChain(pem: answer.chain)
                if book.borrowed(domain)?.fingerprint == chain.fingerprint { return true }
                try book.borrow(chain, for: domain) { algorithm, content in
                    try await sign(
                        PeerPBSignHandshake.with {
                            $0.domain = domain
                            $0.leaf = chain.fingerprint
                            $0.algorithm = UInt32(algorithm)
                            $0.content = content
                        })
                }
                return true
            } catch {
                logger.debug(
                    "a chain cannot be had",
                    metadata: ["domain": "\(domain)", "node": "\(other)", "error": "\(error)"])
            }
        }
        return false
    }

    private func sign(_ request: PeerPBSignHandshake) async throws -> Data {
        for other in lenders(request.domain) {
            if let answer = try? await peers.sign(other, request), !answer.signature.isEmpty { return answer.signature }
        }
        throw CertificateError(
            .badCertificate, "No node that has the key of \(request.domain.prefix(253)) signs a handshake")
    }
}
