import Certificates
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Membership
import Placement
import Secrets
import SwiftProtobuf
import Wire

/// The other nodes, as far as certificates are concerned: who serves an app may hold its domains' keys, as it may hold
/// the app's secrets.
struct NodeFleet: CertificateFleet, ChallengePublisher {
    let node: NodeID
    let keeper: LedgerKeeper
    let membership: Membership
    let watch: DomainWatch
    let peers: CertificatePeers
    let book: CertificateBook
    let key: SealingKey
    let logger: Logger

    /// The nodes that may hold a domain's key; empty for a domain whose proof this node has not seen.
    func holders(_ domain: String) -> [NodeID] {
        guard let app = watch.served[domain].flatMap({ AppName($0) }) else { return [] }
        return ServingNodes.of(app, keeper.state)
    }

    /// The nodes that serve the app that the ledger binds a domain to.
    func boundHolders(_ domain: String) -> [NodeID] {
        let state = keeper.state
        guard let name = DomainName(domain), let app = state.domain(name)?.name else { return [] }
        return ServingNodes.of(app, state)
    }

    static func purpose(_ domain: String) -> String { "certificate of \(domain)" }

    // MARK: CertificateFleet

    func domains() -> Set<String> {
        let state = keeper.state
        return Set(
            watch.served.filter { _, app in
                AppName(app).map { ServingNodes.of($0, state).contains(node) } ?? false
            }.keys)
    }

    func leads(_ domain: String) -> Bool {
        Rendezvous.order(holders(domain), for: domain).first { isAlive($0) } == node
    }

    func isAlive(_ other: NodeID) -> Bool { other == node || membership.state(of: other) == .alive }

    func share(_ material: CertificateMaterial, for domain: String) async {
        let others = holders(domain).filter { $0 != node }
        await withDiscardingTaskGroup { group in
            for other in others {
                group.addTask {
                    do { try await give(material, domain, to: other) } catch {
                        logger.debug(
                            "a certificate cannot be given",
                            metadata: ["domain": "\(domain)", "node": "\(other)", "error": "\(error)"])
                    }
                }
            }
        }
    }

    private func give(_ material: CertificateMaterial, _ domain: String, to other: NodeID) async throws {
        let statement = try SealingStatement(
            decoding: try await peers.sealingKey(other).sealingKey, network: keeper.state.networkID)
        let sealed = try seal(material, domain, to: statement, of: other)
        _ = try await peers.store(
            other,
            PeerPBSealedCertificate.with {
                $0.domain = domain
                $0.sealed = sealed
            })
    }

    /// Seals a certificate with its key to one node.
    ///
    /// - Throws: If the sealing key is not that node's.
    func seal(
        _ material: CertificateMaterial, _ domain: String, to statement: SealingStatement, of other: NodeID
    ) throws -> Data {
        guard statement.node == other else {
            throw SecretsError(.badSignature, "Node \(other.short) sent the sealing key of another node")
        }
        return try SealedMessage.seal(
            try JSONEncoder().encode(material), for: NodeFleet.purpose(domain), network: keeper.state.networkID,
            to: statement)
    }

    /// Opens what ``seal(_:_:to:of:)`` sealed to this node, and checks that key and chain belong together.
    func open(_ sealed: Data, _ domain: String) throws -> CertificateMaterial {
        let bytes = try key.open(sealed, for: NodeFleet.purpose(domain))
        let material = try JSONDecoder().decode(CertificateMaterial.self, from: bytes)
        // What the sender says of names and life does not count: they are read from the chain.
        return try CertificateMaterial(chainPEM: material.chainPEM, keyPEM: material.keyPEM)
    }

    func fetch(_ domain: String) async -> CertificateMaterial? {
        let others = holders(domain).filter { $0 != node && isAlive($0) }
        let request = PeerPBReadCertificate.with {
            $0.domain = domain
            $0.sealingKey = key.statement.encoded
        }
        return await withTaskGroup(of: CertificateMaterial?.self) { group in
            for other in others {
                group.addTask {
                    guard let answer = try? await peers.read(other, request), !answer.sealed.isEmpty else { return nil }
                    return try? open(answer.sealed, domain)
                }
            }
            var best: CertificateMaterial?
            for await material in group {
                guard let material, material.covers(domain) else { continue }
                if best.map({ $0.notAfter < material.notAfter }) ?? true { best = material }
            }
            return best
        }
    }

    // MARK: ChallengePublisher

    func publish(_ answer: ChallengeAnswer) async {
        do { try book.publish(answer) } catch {
            logger.error("a challenge cannot be answered", metadata: ["error": "\(error)"])
        }
        await tell(answer, isOver: false)
    }

    func withdraw(_ answer: ChallengeAnswer) async {
        book.withdraw(answer)
        await tell(answer, isOver: true)
    }

    /// The authority may come to any gateway, whether it serves the app or not.
    private func tell(_ answer: ChallengeAnswer, isOver: Bool) async {
        let message = PeerPBChallenge.with {
            $0.domain = answer.domain
            $0.token = answer.token
            $0.keyAuthorization = answer.keyAuthorization
            $0.isOver = isOver
        }
        let others = keeper.state.participants.map(\.id).filter { $0 != node && isAlive($0) }
        await withDiscardingTaskGroup { group in
            for other in others { group.addTask { _ = try? await peers.challenge(other, message) } }
        }
    }
}
