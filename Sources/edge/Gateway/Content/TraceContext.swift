/// Where a request stands in a trace (W3C Trace Context, level 1): goes on with the client's trace if it has one, and
/// begins one otherwise.
struct TraceContext: Sendable {
    private static let digits = Array("0123456789abcdef".utf8)
    private static let dash = UInt8(ascii: "-")
    private static let headerBytes = 55

    /// 16 hexadecimal digits that name this request: in the trace, in logs, and in the answer to a failure. Random, so
    /// that ids of several nodes can stand in one log.
    let span: String
    /// The value of `traceparent` for whoever works on the request.
    let header: String

    /// - Parameters:
    ///   - parent: The client's `traceparent`; one that is none is as good as nothing.
    ///   - random: Where ids come from.
    init(parent: String?, random: inout some RandomNumberGenerator) {
        let span = UInt64.random(in: 1 ... .max, using: &random)
        let parent = parent.flatMap { TraceContext.isHeader($0) ? Array($0.utf8) : nil }
        let trace: (UInt64, UInt64) =
            parent == nil
            ? (UInt64.random(in: 1 ... .max, using: &random), UInt64.random(in: 0 ... .max, using: &random)) : (0, 0)
        header = String(unsafeUninitializedCapacity: TraceContext.headerBytes) { bytes in
            bytes[0] = UInt8(ascii: "0")
            bytes[1] = UInt8(ascii: "0")
            bytes[2] = TraceContext.dash
            if let parent {
                for index in 3..<35 { bytes[index] = parent[index] }
            } else {
                TraceContext.write(trace.0, to: bytes, at: 3)
                TraceContext.write(trace.1, to: bytes, at: 19)
            }
            bytes[35] = TraceContext.dash
            TraceContext.write(span, to: bytes, at: 36)
            bytes[52] = TraceContext.dash
            // Whether to sample is the client's choice; without one it is left to those who follow.
            bytes[53] = parent?[53] ?? UInt8(ascii: "0")
            bytes[54] = parent?[54] ?? UInt8(ascii: "1")
            return TraceContext.headerBytes
        }
        self.span = String(unsafeUninitializedCapacity: 16) { bytes in
            TraceContext.write(span, to: bytes, at: 0)
            return 16
        }
    }

    /// As ``init(parent:random:)``, with ids from the system.
    init(parent: String?) {
        var random = SystemRandomNumberGenerator()
        self.init(parent: parent, random: &random)
    }

    private static func write(_ number: UInt64, to bytes: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        for index in 0..<16 {
            bytes[start + index] = digits[Int(truncatingIfNeeded: number >> UInt64(60 - 4 * index)) & 15]
        }
    }

    /// Version 00 only, whose ids are not all zeros (section 3.2.2).
    private static func isHeader(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == headerBytes, bytes[0] == UInt8(ascii: "0"), bytes[1] == UInt8(ascii: "0") else {
            return false
        }
        for (index, byte) in bytes.enumerated() {
            let isDash = index == 2 || index == 35 || index == 52
            guard isDash ? byte == dash : digits.contains(byte) else { return false }
        }
        let zero = UInt8(ascii: "0")
        return bytes[3..<35].contains { $0 != zero } && bytes[36..<52].contains { $0 != zero }
    }
}
