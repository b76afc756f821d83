public import AckProofs
import Stark

/// Hashes chains again, many beside each other, to see whether links are where somebody says that they are.
public enum LinkRehash {
    /// Chains that are hashed beside each other.
    public static let lanes = 16
    /// Steps of all lanes between two questions whether to go on: less than a millisecond.
    static let slice: UInt64 = 256

    /// The first claim, in their order, whose newer link is not its steps behind the settled one; nil if all are right,
    /// or if `isCancelled` said so before one was found.
    ///
    /// Takes time in proportion to the steps. A chain is one lane: few long ones leave lanes empty.
    public static func firstFalse(
        _ claims: [AckClaim], isCancelled: () -> Bool = { false }
    ) -> Int? {
        var hashed: [PoseidonLink] = []
        var left: [(index: Int, steps: UInt64)] = []
        var wrong: Int?
        // The longest first, so that the last ones to end are short.
        var waiting = claims.indices.sorted { claims[$0].steps < claims[$1].steps }
        while true {
            while hashed.count < lanes, let index = waiting.popLast() {
                hashed.append(claims[index].to)
                left.append((index, claims[index].steps))
            }
            guard let least = left.map(\.steps).min(), !isCancelled() else { return wrong }
            let steps = min(least, slice)
            PoseidonLink.advance(&hashed, by: Int(steps))
            for lane in left.indices.reversed() {
                left[lane].steps -= steps
                guard left[lane].steps == 0 else { continue }
                let index = left[lane].index
                if hashed[lane] != claims[index].from { wrong = min(wrong ?? index, index) }
                left.swapAt(lane, left.count - 1)
                hashed.swapAt(lane, hashed.count - 1)
                left.removeLast()
                hashed.removeLast()
            }
        }
    }
}
