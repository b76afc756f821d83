import Blake3
import Foundation
import Identity
import NIOCore
import Peering
import SwiftProtobuf
import Testing
import Wire

@testable import Membership

@Suite struct FrameTests {
    private let key = SigningKey()
    private let network = Data(repeating: 7, count: 32)

    private func claims(_ count: Int) -> [MemberClaim] {
        (0..<count).map { number in
            MemberClaim(
                node: nodeID(number + 1), state: .suspect, incarnation: Core.maxIncarnation, accuser: nodeID(number))
        }
    }

    private func sent(_ message: SwimMessage) throws -> PeerRequest {
        let signatures = Array(repeating: Data(repeating: 1, count: 64), count: message.claims.count)
        let body = try MembershipFrame(message, signatures: signatures).encoded()
        return PeerRequest(peer: nodeID(5), type: body.type, body: body.body)
    }

    private func code(_ request: PeerRequest) -> String? {
        do {
            _ = try MembershipFrame(request, nonce: 1)
            return nil
        } catch {
            return (error as? MembershipError)?.code.description ?? (error as? PeerError)?.code.description
        }
    }

    @Test func messagesSurviveTheWire() throws {
        let place = try #require(Coordinate(vector: [1, -2, 3, 4, 5, 6, 7, 8], height: 2, error: 0.5))
        let claims = claims(3)
        let messages: [SwimMessage] = [
            .probe(nonce: .max, claims: claims, coordinate: place),
            .probeAck(nonce: 3, claims: [], coordinate: place),
            .indirectProbe(nonce: 1, target: nodeID(4), timeout: .milliseconds(1_500), claims: claims),
            .indirectProbeAck(nonce: 1, reached: true, claims: claims),
            .sync(after: nil, claims: claims), .sync(after: nodeID(3), claims: []),
            .members(claims: claims, next: nodeID(9)), .members(claims: [], next: nil),
        ]
        for message in messages { #expect(try MembershipFrame(sent(message), nonce: 1)?.message == message) }
        let other = PeerRequest(peer: nodeID(5), type: .statBlob, body: ByteBuffer())
        #expect(try MembershipFrame(other, nonce: 1) == nil)
    }

    @Test func fullMessagesFitAndOneClaimMoreIsRefused() throws {
        let full = try sent(.probe(nonce: .max, claims: claims(SwimMessage.maxClaims), coordinate: .origin))
        #expect(full.body.readableBytes <= MembershipFrame.maxMessageBytes)
        #expect(code(full) == nil)
        let helping = try sent(
            .indirectProbe(
                nonce: 1, target: nodeID(3), timeout: .seconds(9_999), claims: claims(SwimMessage.maxClaims)))
        #expect(code(helping) == nil)
        let page = try sent(.sync(after: nodeID(3), claims: claims(SwimMessage.maxPageClaims)))
        #expect(page.body.readableBytes <= MembershipFrame.maxPageBytes)
        #expect(code(page) == nil)
        let tooMany = MembershipFrame(
            .indirectProbeAck(nonce: 1, reached: true, claims: claims(SwimMessage.maxClaims + 1)),
            signatures: Array(repeating: Data(), count: SwimMessage.maxClaims + 1))
        let body = try tooMany.encoded()
        #expect(code(PeerRequest(peer: nodeID(5), type: body.type, body: body.body)) == "membership/too-large")
        let tooManyOnPage = try sent(.sync(after: nil, claims: claims(SwimMessage.maxPageClaims + 1)))
        #expect(code(tooManyOnPage) == "membership/too-large")
    }

    @Test func claimsOfFullMembersSurviveTheWireAndAsManyAsAreSentFit() throws {
        func sent(_ message: SwimMessage) throws -> PeerRequest {
            let signatures = Array(repeating: Data(repeating: 1, count: 64), count: message.claims.count)
            let body = try MembershipFrame(message, signatures: signatures, fullSignatures: signatures).encoded()
            return PeerRequest(peer: nodeID(5), type: body.type, body: body.body)
        }
        func full(_ count: Int) -> [MemberClaim] {
            claims(count).map { claim in
                var claim = claim
                claim.isFull = true
                return claim
            }
        }
        let message = SwimMessage.probe(
            nonce: .max, claims: full(SwimMessage.maxClaimsWithFull), coordinate: .origin)
        let request = try sent(message)
        #expect(request.body.readableBytes <= MembershipFrame.maxMessageBytes)
        let read = try #require(try MembershipFrame(request, nonce: 1))
        #expect(read.message == message && read.fullSignatures == read.signatures)
        let page = try sent(.sync(after: nodeID(3), claims: full(SwimMessage.maxPageClaimsWithFull)))
        #expect(page.body.readableBytes <= MembershipFrame.maxPageBytes)
        #expect(code(page) == nil)
    }

    @Test func sizesAreLimitedToTheByte() {
        func code(_ type: FrameType, _ count: Int) -> String? {
            self.code(PeerRequest(peer: nodeID(5), type: type, body: ByteBuffer(repeating: 0xff, count: count)))
        }
        #expect(code(.probe, MembershipFrame.maxMessageBytes) == "peer/protocol-violation")
        #expect(code(.probe, MembershipFrame.maxMessageBytes + 1) == "membership/too-large")
        #expect(code(.members, MembershipFrame.maxPageBytes) == "peer/protocol-violation")
        #expect(code(.members, MembershipFrame.maxPageBytes + 1) == "membership/too-large")
    }

    @Test func partsThatCannotBeReadAreRefused() throws {
        func code(_ change: (inout PeerPBProbe) -> Void) throws -> String? {
            var body = PeerPBProbe()
            body.coordinate.vector = Array(repeating: 0, count: 8)
            body.updates = [
                PeerPBMemberUpdate.with {
                    $0.node = Data(repeating: 1, count: 32)
                    $0.state = .alive
                }
            ]
            change(&body)
            let frame = try PeerReply(.probe, body)
            return self.code(PeerRequest(peer: nodeID(5), type: frame.type, body: frame.body))
        }
        #expect(try code { _ in } == nil)
        let changes: [(inout PeerPBProbe) -> Void] = [
            { $0.updates[0].node = Data(repeating: 1, count: 31) }, { $0.updates[0].node = Data() },
            { $0.updates[0].accuser = Data([1]) }, { $0.updates[0].state = .unspecified },
            { $0.updates[0].state = .UNRECOGNIZED(77) }, { $0.coordinate.vector = [] },
            { $0.coordinate.vector[3] = .nan }, { $0.coordinate.height = -1 }, { $0.coordinate.error = .infinity },
        ]
        for change in changes { #expect(try code(change) == "membership/malformed") }
    }

    /// Whatever bytes arrive, they are read or refused.
    @Test func noiseNeverTraps() throws {
        var random = SeededGenerator(3)
        let types: [FrameType] = [.probe, .probeAck, .indirectProbe, .indirectProbeAck, .syncMembers, .members]
        let valid = try sent(.probe(nonce: 7, claims: claims(4), coordinate: .origin)).body
        for round in 0..<3_000 {
            var bytes = Array(valid.readableBytesView)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if round % 3 == 0 { bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))) }
            let type = types[round % types.count]
            let request = PeerRequest(peer: nodeID(1), type: type, body: ByteBuffer(bytes: bytes))
            guard let frame = try? MembershipFrame(request, nonce: 1) else { continue }
            var core = core(members: 4)
            _ = core.onMessage(frame.message, from: nodeID(1), now: .zero)
        }
    }

    @Test func proofsCoverEverythingThatTheySay() throws {
        let proof = try IncarnationProof(key, network: network, incarnation: 5, isLeaving: false)
        func checked(
            _ key: SigningKey, _ network: Data, _ incarnation: UInt64, _ isLeaving: Bool, _ signature: Data
        ) -> Bool {
            IncarnationProof(
                checking: signature, of: key.publicKey, network: network, incarnation: incarnation,
                isLeaving: isLeaving) == proof
        }
        #expect(checked(key, network, 5, false, proof.signature))
        #expect(!checked(SigningKey(), network, 5, false, proof.signature))
        #expect(!checked(key, Data(repeating: 8, count: 32), 5, false, proof.signature))
        #expect(!checked(key, network, 6, false, proof.signature))
        #expect(!checked(key, network, 5, true, proof.signature))
        #expect(!checked(key, network, 5, false, Data()))
    }

    @Test func incarnationsJumpADayAtMost() {
        let day = IncarnationProof.maxJump
        #expect(IncarnationProof.isPlausible(1_000 + day, known: 5, nowMillis: 1_000))
        #expect(!IncarnationProof.isPlausible(1_001 + day, known: 5, nowMillis: 1_000))
        #expect(IncarnationProof.isPlausible(2_000 + day, known: 2_000, nowMillis: 1_000))
        #expect(!IncarnationProof.isPlausible(2_001 + day, known: 2_000, nowMillis: 1_000))
        #expect(IncarnationProof.isPlausible(.max, known: .max - 1, nowMillis: .max))
    }
}
