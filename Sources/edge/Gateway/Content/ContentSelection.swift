/// What a GET or HEAD for existing content selects, after its conditions and ranges (RFC 9110 section 13.2.2).
enum ContentSelection: Equatable {
    case whole
    case partial([Range<Int>])
    case notModified
    case preconditionFailed
    case unsatisfiable

    /// - Parameter etag: The content's strong tag, with quotes.
    init(_ head: HTTPRequestHead, etag: String, byteCount: Int, maxRanges: Int) {
        self = .whole
        let fields = head.fields
        if fields.known.contains(.condition) {
            if let value = fields.combined("if-match"), !EntityTags(value).containsStrongly(etag) {
                self = .preconditionFailed
                return
            }
            if let value = fields.combined("if-none-match"), EntityTags(value).containsWeakly(etag) {
                self = .notModified
                return
            }
        }
        guard head.method == .get, fields.known.contains(.range) else { return }
        if let condition = fields.combined("if-range"), condition != etag { return }
        let values = fields.all("range")
        guard values.count == 1 else { return }
        switch ByteRanges.parse(values[0], byteCount: byteCount, maxRanges: maxRanges) {
        case .whole: self = .whole
        case .some(let ranges): self = .partial(ranges)
        case .unsatisfiable: self = .unsatisfiable
        }
    }
}
