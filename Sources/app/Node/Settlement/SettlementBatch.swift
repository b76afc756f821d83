import AckProofs
import Foundation
import Ledger
import Stark

/// Settlements that go into one transaction, before their links are computed.
struct SettlementBatch: Sendable, Equatable {
    /// One of them.
    enum Part: Sendable, Equatable {
        /// A stretch of a chain: the link that is `steps` steps behind `from` is `back` steps in front of the newest.
        case stretch(AcknowledgedChain, from: PoseidonLink, steps: UInt64, back: UInt64)
        case voucher(AcknowledgedChain, AcknowledgedChain.SignedUnits)

        var steps: UInt64 { if case .stretch(_, _, let steps, _) = self { steps } else { 0 } }
        var chain: AcknowledgedChain {
            switch self {
            case .stretch(let chain, _, _, _), .voucher(let chain, _): chain
            }
        }
    }

    /// Whether the stretches are proven, and not revealed.
    var isProven: Bool
    var parts: [Part]

    /// Of all stretches.
    var steps: UInt64 { parts.reduce(0) { $0 + $1.steps } }

    /// The settlements. Hashes from each newest link, or from one that `trail` knows, to where its stretch ends.
    ///
    /// - Throws: `CancellationError`.
    func settlements(
        _ trail: inout LinkTrail, isCancelled: () -> Bool = { false }
    ) throws -> [Settlement] {
        try parts.map { part in
            switch part {
            case .stretch(let chain, let from, let steps, let back):
                let end = chain.units - min(back, chain.units)
                let link = trail.link(
                    at: end, of: chain, settled: end - min(steps, end), isCancelled: isCancelled)
                guard let link else { throw CancellationError() }
                return Settlement(
                    channel: chain.channel, commodity: chain.commodity,
                    lane: isProven ? .proof(from: from, link: link, steps: steps) : .reveal(link: link, steps: steps))
            case .voucher(let chain, let signed):
                return Settlement(
                    channel: chain.channel, commodity: chain.commodity,
                    lane: .voucher(units: signed.units, signature: signed.signature))
            }
        }
    }
}
