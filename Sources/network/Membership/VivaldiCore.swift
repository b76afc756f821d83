/// This node's place in the latency space, moved by each round trip that it measures.
///
/// The adaptive time step of Dabek et al. 2004, figure 3, with heights. A peer may lie about its place and its certainty:
/// no sample moves the node as if it missed by more than ``maxMissRatio`` times what samples usually miss by, and
/// ``maxStepMillis`` at most, so that honest peers pull it back.
struct VivaldiCore {
    /// Round trips beyond this are congestion or a lie.
    static let maxRoundTripMillis: Float = 10_000
    static let maxStepMillis: Float = 50
    /// Misses count up to this many times the usual one, as in robust regression.
    static let maxMissRatio: Float = 2
    /// How fast the usual miss follows: a tenth a sample. It grows at each that missed by more and shrinks at each that
    /// missed by less, which leads it to the median, and no single sample far.
    private static let missPace: Float = 1.1
    /// Usual misses are between this and a guess's.
    private static let minMissMillis: Float = 0.5
    private static let maxMissMillis: Float = 200
    /// The paper's constants for the step and for the smoothing of the error.
    private static let stepShare: Float = 0.25
    private static let errorShare: Float = 0.25

    private(set) var coordinate = Coordinate.origin
    /// By how many milliseconds predictions miss, at the median of late.
    private var usualMissMillis = maxMissMillis

    /// Moves the node.
    ///
    /// - Parameter roundTripMillis: Above 0, at most 10,000.
    /// - Returns: False if the sample is absurd and was ignored.
    mutating func onSample(
        roundTripMillis: Float, of other: Coordinate, using random: inout some RandomNumberGenerator
    ) -> Bool {
        guard roundTripMillis > 0, roundTripMillis <= VivaldiCore.maxRoundTripMillis else { return false }
        let distance = coordinate.distanceMillis(to: other)
        let miss = limited(roundTripMillis - distance)
        let weight = coordinate.error / (coordinate.error + other.error)
        let share = VivaldiCore.errorShare * weight
        let error = min(abs(miss) / roundTripMillis, Coordinate.maxError) * share + coordinate.error * (1 - share)
        let wanted = VivaldiCore.stepShare * weight * miss
        let step = min(max(wanted, -VivaldiCore.maxStepMillis), VivaldiCore.maxStepMillis)

        coordinate = Coordinate(
            clamped: coordinate.vector + direction(from: other, distance, using: &random) * step,
            height: coordinate.height + (coordinate.height + other.height) * (step / distance), error: error)
        return true
    }

    /// The miss as it counts; what is usual is learned from it.
    private mutating func limited(_ miss: Float) -> Float {
        let limit = usualMissMillis * VivaldiCore.maxMissRatio
        let wanted =
            abs(miss) > usualMissMillis
            ? usualMissMillis * VivaldiCore.missPace : usualMissMillis / VivaldiCore.missPace
        usualMissMillis = min(max(wanted, VivaldiCore.minMissMillis), VivaldiCore.maxMissMillis)
        return min(max(miss, -limit), limit)
    }

    /// The way away from `other`; any way if both are at the same place.
    private func direction(
        from other: Coordinate, _ distance: Float, using random: inout some RandomNumberGenerator
    ) -> SIMD8<Float> {
        let difference = coordinate.vector - other.vector
        if (difference * difference).sum().squareRoot() >= Coordinate.minHeight { return difference / distance }
        var any = SIMD8<Float>.zero
        for index in any.indices { any[index] = Float.random(in: -1...1, using: &random) }
        return any / max((any * any).sum().squareRoot(), Coordinate.minHeight)
    }
}
