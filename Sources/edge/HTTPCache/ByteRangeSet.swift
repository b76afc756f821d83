/// Which bytes of a representation are held: ranges in ascending order that neither overlap nor touch.
public struct ByteRangeSet: Sendable, Hashable {
    /// Most ranges in a set; what would need more is not added.
    public static let maximumRanges = 256

    /// Half-open, in bytes from the start of the representation.
    public private(set) var ranges: [Range<Int64>]

    /// No bytes.
    public init() { ranges = [] }

    /// One range; none if it is empty or starts before 0.
    public init(_ range: Range<Int64>) {
        ranges = range.isEmpty || range.lowerBound < 0 ? [] : [range]
    }

    /// Ranges as `ranges` has them; nil if they are in another order, empty, touch, are too many or start before 0.
    public init?(canonical ranges: [Range<Int64>]) {
        guard ranges.count <= ByteRangeSet.maximumRanges, ranges.allSatisfy({ !$0.isEmpty && $0.lowerBound >= 0 }),
            zip(ranges, ranges.dropFirst()).allSatisfy({ $0.upperBound < $1.lowerBound })
        else { return nil }
        self.ranges = ranges
    }

    /// Bytes in all ranges.
    public var byteCount: Int64 { ranges.reduce(0) { $0 + Int64($1.count) } }

    /// Whether every byte of a range is held; true for an empty one.
    public func contains(_ range: Range<Int64>) -> Bool {
        range.isEmpty || ranges.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
    }

    /// The bytes of a range that are not held, in ascending order.
    public func missing(in range: Range<Int64>) -> [Range<Int64>] {
        var missing: [Range<Int64>] = []
        var start = range.lowerBound
        for held in ranges where held.upperBound > start && held.lowerBound < range.upperBound {
            if held.lowerBound > start { missing.append(start..<held.lowerBound) }
            start = held.upperBound
        }
        if start < range.upperBound { missing.append(start..<range.upperBound) }
        return missing
    }

    /// Adds a range.
    ///
    /// - Returns: Whether it is in the set now; false beyond `maximumRanges` and for a range that starts before 0.
    @discardableResult
    public mutating func insert(_ range: Range<Int64>) -> Bool {
        guard !range.isEmpty, range.lowerBound >= 0 else { return range.isEmpty }
        var lower = range.lowerBound
        var upper = range.upperBound
        var kept: [Range<Int64>] = []
        for held in ranges {
            if held.upperBound < lower || held.lowerBound > upper {
                kept.append(held)
            } else {
                lower = min(lower, held.lowerBound)
                upper = max(upper, held.upperBound)
            }
        }
        guard kept.count < ByteRangeSet.maximumRanges else { return false }
        let place = kept.firstIndex { $0.lowerBound > lower } ?? kept.count
        kept.insert(lower..<upper, at: place)
        ranges = kept
        return true
    }
}
