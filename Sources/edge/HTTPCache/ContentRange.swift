/// The value of `Content-Range` (RFC 9110 section 14.4).
struct ContentRange: Equatable {
    let range: Range<Int64>
    /// Nil for `*`.
    let total: Int64?

    init(range: Range<Int64>, total: Int64?) {
        self.range = range
        self.total = total
    }

    /// Nil if it is not a satisfied range in bytes.
    init?(_ text: String) {
        guard text.utf8.count < 128, text.prefix(6).lowercased() == "bytes " else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let bounds = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, let first = ByteRangeRequest.number(bounds[0]),
            let last = ByteRangeRequest.number(bounds[1]), first <= last, last < Int64.max
        else { return nil }
        range = first..<last + 1
        if parts[1] == "*" {
            total = nil
        } else {
            guard let total = ByteRangeRequest.number(parts[1]), last < total else { return nil }
            self.total = total
        }
    }

    var text: String { "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(total.map(String.init) ?? "*")" }
}
