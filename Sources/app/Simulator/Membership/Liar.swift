import Identity
import Membership

/// What malicious members say: they accuse honest ones together and in the name of others, hide that a probe reached its
/// target, and claim to be where they are not. They cannot raise another's incarnation, which is signed.
struct Liar {
    /// All liars accuse the same member for this long, and others at random beside it.
    private static let campaignSeconds = 20.0

    private let honest: [NodeID]
    private let everybody: [NodeID]
    private var random: SimulationRandom

    init<Message, Timer>(_ network: VirtualNetwork<Message, Timer>, ids: [NodeID]) {
        honest = ids.indices.filter { !network.isMalicious($0) }.map { ids[$0] }
        everybody = ids
        random = network.random(for: "lies")
    }

    /// Makes a lie of what an honest core would send.
    mutating func twist<Random>(_ message: inout SwimMessage, of core: SwimCore<Random>, at seconds: Double) {
        guard !honest.isEmpty else { return }
        let campaign = honest[Int(seconds / Self.campaignSeconds) % honest.count]
        message.claims = (0..<SwimMessage.maxClaims).map { number in
            let victim = number % 2 == 0 ? campaign : honest[random.index(below: honest.count)]
            return MemberClaim(
                node: victim, state: random.chance(0.5) ? .suspect : .dead,
                incarnation: core.claim(about: victim)?.incarnation ?? 0,
                accuser: everybody[random.index(below: everybody.count)])
        }
        switch message {
        case .indirectProbeAck(let nonce, _, let claims):
            message = .indirectProbeAck(nonce: nonce, reached: false, claims: claims)
        case .probeAck(let nonce, let claims, _):
            message = .probeAck(nonce: nonce, claims: claims, coordinate: place())
        case .probe(let nonce, let claims, _):
            message = .probe(nonce: nonce, claims: claims, coordinate: place())
        case .indirectProbe, .sync, .members: break
        }
    }

    private mutating func place() -> Coordinate {
        let vector = (0..<8).map { _ in Float(random.normal() * 200) }
        return Coordinate(vector: vector, height: 1, error: 0.05) ?? .origin
    }
}
