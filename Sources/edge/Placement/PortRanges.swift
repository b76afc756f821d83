/// The ports of a node that may lead to machines, as its operator writes them: `20000-20999`, `5432,20000-20999`, or `none`.
public struct PortRanges: Sendable, Hashable, LosslessStringConvertible {
    /// Ranges in one text at most.
    public static let maxRanges = 16
    /// What a node opens unless its operator says otherwise: below the ports that Linux gives to outgoing connections.
    public static let standard = PortRanges([20_000...20_999])

    /// In the order in which they are written.
    public let ranges: [ClosedRange<Int>]

    private init(_ ranges: [ClosedRange<Int>]) { self.ranges = ranges }

    /// Nil for a text that is no list of ports from 1 to 65535.
    public init?(_ description: String) {
        guard description != "none" else {
            ranges = []
            return
        }
        let parts = description.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= PortRanges.maxRanges else { return nil }
        var ranges: [ClosedRange<Int>] = []
        for part in parts {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { text in
                Int(text.drop { $0 == " " })
            }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last,
                first >= 1, last <= 65_535
            else { return nil }
            ranges.append(first...last)
        }
        self.ranges = ranges
    }

    /// As it is written.
    public var description: String {
        if ranges.isEmpty { return "none" }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }

    /// Whether a port may be opened for who asks for it by its number.
    public func contains(_ port: Int) -> Bool { ranges.contains { $0.contains(port) } }

    /// The ports for those who take any: ranges of more than one. What stands alone is for who asks for it.
    var common: [ClosedRange<Int>] { ranges.filter { $0.count > 1 } }
}
