import Blake3
import Foundation
import Identity
import NIOCore
import Peering
import Wire

@testable import Membership

/// Membership's messages. A target takes any bytes and says what was believed wrongly; nil if nothing was.
enum MembershipFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() throws -> [String: Target] {
        let town = try Town()
        return ["membership": { conversation($0, town) }]
    }

    static let network = Data(repeating: 7, count: Digest.byteCount)
    private static let types: [FrameType] = [
        .probe, .probeAck, .indirectProbe, .indirectProbeAck, .syncMembers, .members,
    ]
    private static let nowMillis: UInt64 = 1_800_000_000_000

    /// Four nodes with known keys.
    struct Town: PeerDirectory {
        let keys: [SigningKey]

        init() throws {
            keys = try (1...4).map { try SigningKey(rawRepresentation: Data(repeating: $0, count: 32)) }
        }

        func isParticipating(_ key: PublicKey) -> Bool { keys.contains { $0.publicKey == key } }
        func publicKey(of node: NodeID) -> PublicKey? { keys.first { $0.publicKey.node == node }?.publicKey }
        func endpoint(of node: NodeID) -> PeerEndpoint? { nil }
        var nodes: [NodeID] { keys.map(\.publicKey.node) }
    }

    /// Frames of two peers to one node, with time between them. Each: a byte for type and peer, a byte for the time that
    /// passes, two for the length, and the body. The first byte: whether claims are signed by whom they are about.
    private static func conversation(_ input: [UInt8], _ town: Town) -> String? {
        guard let mode = input.first else { return nil }
        let isSigned = mode & 1 == 1
        var core = SignedCore(
            key: town.keys[0], network: network,
            swim: SwimCore(
                self: town.nodes[0], incarnation: nowMillis, roster: MemberRoster(town.nodes),
                random: SystemRandomNumberGenerator(), now: .zero))
        var now = Duration.zero
        var rest = input.dropFirst()
        while rest.count > 4 {
            let head = Array(rest.prefix(4))
            let (kind, pause, length) = (Int(head[0]), head[1], Int(head[2]) << 8 | Int(head[3]))
            let body = rest.dropFirst(4).prefix(length)
            rest = rest.dropFirst(4 + length)
            now += .milliseconds(Int64(pause) * 16)
            let peer = town.nodes[1 + kind / types.count % 3]
            let request = PeerRequest(peer: peer, type: types[kind % types.count], body: ByteBuffer(bytes: body))
            guard var frame = try? MembershipFrame(request, nonce: 1) else { continue }
            if let problem = problem(with: frame) { return problem }
            if isSigned { sign(&frame, town) }
            _ = try? core.onFrame(frame, from: peer, directory: town, nowMillis: nowMillis, now: now)
            if core.swim.nextDeadline <= now { _ = core.swim.onTick(now: now) }
            if isSigned { continue }
            for member in core.swim.members(now: now) where member.state == .left || member.incarnation > 0 {
                return "\(member.id.short) is believed \(member.state), incarnation \(member.incarnation)"
            }
        }
        return nil
    }

    /// What was read is written and read again as the same.
    private static func problem(with frame: MembershipFrame) -> String? {
        guard let reply = try? frame.encoded() else { return "what was read cannot be written" }
        let peer = NodeID(Blake3.hash([3]))
        // A field of the default value may be written where it was left out: what is read may be at the limit.
        guard let again = try? MembershipFrame(PeerRequest(peer: peer, type: reply.type, body: reply.body), nonce: 1)
        else { return reply.body.readableBytes > MembershipFrame.maxMessageBytes ? nil : "what was written is refused" }
        return again.message == frame.message && again.signatures == frame.signatures
            ? nil : "what was written is read otherwise"
    }

    private static func sign(_ frame: inout MembershipFrame, _ town: Town) {
        for (index, claim) in frame.message.claims.enumerated() {
            guard let key = town.keys.first(where: { $0.publicKey.node == claim.node }),
                let proof = try? IncarnationProof(
                    key, network: network, incarnation: claim.incarnation, isLeaving: claim.state == .left)
            else { continue }
            frame.signatures[index] = proof.signature
        }
    }
}
