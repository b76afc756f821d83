import Blake3
import Foundation
import Identity
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// A message of the core as it travels: with the signatures that its claims need.
struct MembershipFrame {
    /// A message with ``SwimMessage/maxClaims`` claims fits.
    static let maxMessageBytes = 1_400
    /// A page with ``SwimMessage/maxPageClaims`` claims fits.
    static let maxPageBytes = 12 << 10

    var message: SwimMessage
    /// One for each claim of the message, in order; empty where none is needed.
    var signatures: [Data]
    /// The same for what claims say of full members.
    var fullSignatures: [Data]

    /// - Parameter fullSignatures: Nil where no claim says that a member is full.
    init(_ message: SwimMessage, signatures: [Data], fullSignatures: [Data]? = nil) {
        self.message = message
        self.signatures = signatures
        self.fullSignatures = fullSignatures ?? Array(repeating: Data(), count: message.claims.count)
    }

    // MARK: Reading

    /// Reads a request, or the answer to one.
    ///
    /// - Parameter nonce: The receiver's name for an indirect probe, which has none on the wire.
    /// - Returns: Nil if the frame is about something else than membership.
    /// - Throws: ``MembershipError`` or ``PeerError`` for what is too large or cannot be read.
    init?(_ frame: PeerRequest, nonce: UInt64) throws {
        let isPage = frame.type == .syncMembers || frame.type == .members
        let maxBytes = isPage ? MembershipFrame.maxPageBytes : MembershipFrame.maxMessageBytes
        let updates: [PeerPBMemberUpdate]
        switch frame.type {
        case .probe, .probeAck, .indirectProbe, .indirectProbeAck, .syncMembers, .members:
            guard frame.body.readableBytes <= maxBytes else {
                throw MembershipError(
                    .tooLarge, "A membership message has \(frame.body.readableBytes) bytes; \(maxBytes) are allowed")
            }
        default: return nil
        }
        switch frame.type {
        case .probe:
            let body: PeerPBProbe = try frame.message()
            message = .probe(nonce: body.nonce, claims: [], coordinate: try MembershipFrame.read(body.coordinate))
            updates = body.updates
        case .probeAck:
            let body: PeerPBProbeAck = try frame.message()
            message = .probeAck(nonce: body.nonce, claims: [], coordinate: try MembershipFrame.read(body.coordinate))
            updates = body.updates
        case .indirectProbe:
            let body: PeerPBIndirectProbe = try frame.message()
            message = .indirectProbe(
                nonce: nonce, target: try MembershipFrame.node(body.target),
                timeout: .milliseconds(Int64(body.timeoutMillis)), claims: [])
            updates = body.updates
        case .indirectProbeAck:
            let body: PeerPBIndirectProbeAck = try frame.message()
            message = .indirectProbeAck(nonce: nonce, reached: body.reached, claims: [])
            updates = body.updates
        case .syncMembers:
            let body: PeerPBSyncMembers = try frame.message()
            message = .sync(after: try MembershipFrame.position(body.after), claims: [])
            updates = body.updates
        default:
            let body: PeerPBMembers = try frame.message()
            message = .members(claims: [], next: try MembershipFrame.position(body.next))
            updates = body.updates
        }
        let maxClaims = isPage ? SwimMessage.maxPageClaims : SwimMessage.maxClaims
        guard updates.count <= maxClaims else {
            throw MembershipError(
                .tooLarge, "A membership message tells of \(updates.count) members; \(maxClaims) are allowed")
        }
        signatures = updates.map(\.signature)
        fullSignatures = updates.map(\.fullSignature)
        message.claims = try updates.map(MembershipFrame.claim)
    }

    private static func claim(_ update: PeerPBMemberUpdate) throws -> MemberClaim {
        let state: MemberState
        switch update.state {
        case .alive: state = .alive
        case .suspect: state = .suspect
        case .dead: state = .dead
        case .left: state = .left
        case .unspecified, .UNRECOGNIZED:
            throw MembershipError(.malformed, "State \(update.state.rawValue) is unknown here; update this node")
        }
        return MemberClaim(
            node: try node(update.node), state: state, incarnation: update.incarnation,
            accuser: update.accuser.isEmpty ? nil : try node(update.accuser), isFull: !update.fullSignature.isEmpty)
    }

    private static func position(_ bytes: Data) throws -> NodeID? { bytes.isEmpty ? nil : try node(bytes) }

    private static func node(_ bytes: Data) throws -> NodeID {
        guard let digest = Digest(bytes) else {
            throw MembershipError(.malformed, "A node id has \(bytes.count) bytes instead of \(Digest.byteCount)")
        }
        return NodeID(digest)
    }

    private static func read(_ coordinate: PeerPBCoordinate) throws -> Coordinate {
        guard let read = Coordinate(vector: coordinate.vector, height: coordinate.height, error: coordinate.error)
        else {
            throw MembershipError(
                .malformed, "A coordinate has not 8 dimensions within ±\(Int(Coordinate.maxComponentMillis)) ms")
        }
        return read
    }

    // MARK: Writing

    /// The frame's type and body.
    ///
    /// - Throws: The protobuf library's error.
    func encoded() throws -> PeerReply {
        let updates = zip(zip(message.claims, signatures), fullSignatures).map { proven, fullSignature in
            let (claim, signature) = proven
            return PeerPBMemberUpdate.with { update in
                update.node = Data(claim.node.digest.bytes)
                update.state = MembershipFrame.wireState(claim.state)
                update.incarnation = claim.incarnation
                update.signature = signature
                update.fullSignature = fullSignature
                if let accuser = claim.accuser { update.accuser = Data(accuser.digest.bytes) }
            }
        }
        switch message {
        case .probe(let nonce, _, let place):
            let body = PeerPBProbe.with {
                $0.nonce = nonce
                $0.updates = updates
                $0.coordinate = MembershipFrame.wire(place)
            }
            return try PeerReply(.probe, body)
        case .probeAck(let nonce, _, let place):
            let body = PeerPBProbeAck.with {
                $0.nonce = nonce
                $0.updates = updates
                $0.coordinate = MembershipFrame.wire(place)
            }
            return try PeerReply(.probeAck, body)
        case .indirectProbe(_, let target, let timeout, _):
            let body = PeerPBIndirectProbe.with {
                $0.target = Data(target.digest.bytes)
                $0.timeoutMillis = UInt32(clamping: timeout.wholeMilliseconds)
                $0.updates = updates
            }
            return try PeerReply(.indirectProbe, body)
        case .indirectProbeAck(_, let reached, _):
            let body = PeerPBIndirectProbeAck.with {
                $0.reached = reached
                $0.updates = updates
            }
            return try PeerReply(.indirectProbeAck, body)
        case .sync(let after, _):
            let body = PeerPBSyncMembers.with {
                $0.updates = updates
                $0.after = after.map { Data($0.digest.bytes) } ?? Data()
            }
            return try PeerReply(.syncMembers, body)
        case .members(_, let next):
            let body = PeerPBMembers.with {
                $0.updates = updates
                $0.next = next.map { Data($0.digest.bytes) } ?? Data()
            }
            return try PeerReply(.members, body)
        }
    }

    private static func wireState(_ state: MemberState) -> PeerPBMemberState {
        switch state {
        case .alive: .alive
        case .suspect: .suspect
        case .dead: .dead
        case .left: .left
        }
    }

    private static func wire(_ coordinate: Coordinate) -> PeerPBCoordinate {
        PeerPBCoordinate.with {
            $0.vector = coordinate.vector.indices.map { coordinate.vector[$0] }
            $0.height = coordinate.height
            $0.error = coordinate.error
        }
    }
}
