/// A place in the network's latency space: round trips are the distances, in milliseconds.
///
/// Eight Euclidean dimensions stand for the core of the network, the height for a node's own access link, which is paid
/// on every path (Dabek et al. 2004, section 5.4).
public struct Coordinate: Sendable, Hashable {
    /// Milliseconds in each dimension.
    public let vector: SIMD8<Float>
    /// Milliseconds of the access link; above 0.
    public let height: Float
    /// 0 is certain, 1 and above a guess.
    public let error: Float

    /// The least height: two nodes are never at the same place.
    static let minHeight: Float = 0.01
    /// The certainty that is believed at most. Whoever claims more would pull others too strongly.
    static let minError: Float = 0.02
    static let maxError: Float = 1.5
    /// Farther out than any real path; what a peer says beyond is no coordinate.
    static let maxComponentMillis: Float = 10_000

    /// Where a node begins.
    public static let origin = Coordinate(clamped: .zero, height: minHeight, error: maxError)

    /// Nil unless all is finite, the components within ±10 s, and height and error from 0 on. The error is held
    /// between 0.02 and 1.5.
    public init?(vector: [Float], height: Float, error: Float) {
        guard vector.count == SIMD8<Float>.scalarCount,
            vector.allSatisfy({ abs($0) <= Coordinate.maxComponentMillis }),
            (0...Coordinate.maxComponentMillis).contains(height), error.isFinite, error >= 0
        else { return nil }
        self.init(clamped: SIMD8(vector), height: height, error: error)
    }

    init(clamped vector: SIMD8<Float>, height: Float, error: Float) {
        let limit = SIMD8<Float>(repeating: Coordinate.maxComponentMillis)
        self.vector = vector.clamped(lowerBound: -limit, upperBound: limit)
        self.height = min(max(height, Coordinate.minHeight), Coordinate.maxComponentMillis)
        self.error = min(max(error, Coordinate.minError), Coordinate.maxError)
    }

    /// The predicted round trip between two places.
    public func roundTrip(to other: Coordinate) -> Duration { .microseconds(Int64(distanceMillis(to: other) * 1_000)) }

    func distanceMillis(to other: Coordinate) -> Float {
        let difference = vector - other.vector
        return (difference * difference).sum().squareRoot() + height + other.height
    }
}
