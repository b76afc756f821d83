public import Foundation
import Manifests

/// A source map (ECMA-426, revision 3): which place of a source each place of a script comes from.
public struct SourceMap: Sendable {
    /// A place in a source.
    public struct Place: Sendable, Hashable {
        /// The source's path as the map has it.
        public var source: String
        /// From 1.
        public var line: Int
        /// From 1.
        public var column: Int

        public init(source: String, line: Int, column: Int) {
            self.source = source
            self.line = line
            self.column = column
        }
    }

    private struct Segment {
        var column: Int32
        var source: Int32
        var line: Int32
        var sourceColumn: Int32
    }

    private struct File: Decodable {
        var version: Int
        var sources: [String?]
        var mappings: String
        var sourceRoot: String?
    }

    /// Segments of a map at most.
    public static let maxSegments = 4_000_000

    /// The sources' paths.
    public let sources: [String]
    /// By line of the script, in order of their columns.
    private let lines: [[Segment]]

    /// Reads a map. Any bytes are allowed.
    ///
    /// - Throws: ``BundleError`` for bytes that are no source map, and for one beyond its limits.
    public init(_ json: Data) throws {
        guard json.count <= ManifestLimits.maxSourceMapBytes else {
            throw BundleError(
                "the source map has \(json.count) bytes; the limit is \(ManifestLimits.maxSourceMapBytes)")
        }
        guard let file = try? JSONDecoder().decode(File.self, from: json), file.version == 3 else {
            throw BundleError("the bytes are no source map of version 3")
        }
        let root = file.sourceRoot ?? ""
        sources = file.sources.map { root + ($0 ?? "") }
        lines = try SourceMap.decode(file.mappings, sourceCount: sources.count)
    }

    /// Where a place of the script comes from; nil where the map does not say.
    ///
    /// - Parameters:
    ///   - line: From 1.
    ///   - column: From 1.
    public func original(line: Int, column: Int) -> Place? {
        guard lines.indices.contains(line - 1), column > 0 else { return nil }
        let segments = lines[line - 1]
        // The last one that begins at the column or before it.
        var (low, high) = (0, segments.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(segments[middle].column) <= column - 1 { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let segment = segments[low - 1]
        guard sources.indices.contains(Int(segment.source)) else { return nil }
        return Place(
            source: sources[Int(segment.source)], line: Int(segment.line) + 1, column: Int(segment.sourceColumn) + 1)
    }

    private static func decode(_ mappings: String, sourceCount: Int) throws -> [[Segment]] {
        var lines: [[Segment]] = [[]]
        var state = [Int32](repeating: 0, count: 4)
        var fields: [Int32] = []
        var number = VLQ()
        var count = 0
        func close() throws {
            defer { fields.removeAll(keepingCapacity: true) }
            guard number.isWhole, [0, 1, 4, 5].contains(fields.count) else {
                throw BundleError("the source map's mappings are malformed")
            }
            if fields.isEmpty { return }
            for (index, field) in fields.prefix(4).enumerated() {
                let (sum, overflow) = state[index].addingReportingOverflow(field)
                guard !overflow, sum >= 0 else {
                    throw BundleError("the source map's mappings lead out of the sources")
                }
                state[index] = sum
            }
            count += 1
            guard count <= maxSegments else {
                throw BundleError("the source map has more than \(maxSegments) segments")
            }
            let source = fields.count == 1 ? -1 : state[1]
            lines[lines.count - 1].append(
                Segment(column: state[0], source: source, line: state[2], sourceColumn: state[3]))
        }
        for byte in mappings.utf8 {
            switch byte {
            case UInt8(ascii: ","): try close()
            case UInt8(ascii: ";"):
                try close()
                guard lines.count < maxSegments else { throw BundleError("the source map has too many lines") }
                lines.append([])
                state[0] = 0
            default:
                guard fields.count < 5, let value = number.take(byte) else {
                    guard fields.count < 5, number.isValid else {
                        throw BundleError("the source map's mappings are malformed")
                    }
                    continue
                }
                fields.append(value)
            }
        }
        try close()
        return lines.map { $0.sorted { $0.column < $1.column } }
    }
}

/// Reads numbers of variable length in base 64, five bits at a time, the sign last.
private struct VLQ {
    private var value: UInt64 = 0
    private var shift: UInt64 = 0
    /// Whether all digits so far were digits, and not too many.
    private(set) var isValid = true
    /// Whether no number is half read.
    var isWhole: Bool { shift == 0 && isValid }

    /// Adds a digit; the number when it was the last one.
    mutating func take(_ byte: UInt8) -> Int32? {
        guard let digit = VLQ.digit(byte), shift <= 30 else {
            isValid = false
            return nil
        }
        value |= UInt64(digit & 31) << shift
        shift += 5
        if digit & 32 != 0 { return nil }
        let number = Int64(value >> 1)
        let signed = value & 1 == 0 ? number : -number
        value = 0
        shift = 0
        guard let result = Int32(exactly: signed) else {
            isValid = false
            return nil
        }
        return result
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
