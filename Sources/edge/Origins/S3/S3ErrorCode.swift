/// The code in an error of an S3-compatible service.
enum S3ErrorCode {
    /// Longest body of an error that is read.
    static let maxBodyBytes = 64 << 10
    private static let maxCodeBytes = 100

    /// The text of the first `Code` element; nil if there is none that looks like a code.
    static func read(_ body: some Sequence<UInt8>) -> String? {
        let text = String(decoding: Array(body), as: UTF8.self)
        guard let start = text.utf8Index(after: "<Code>"), let end = text[start...].firstIndex(of: "<"),
            text[end...].hasPrefix("</Code>")
        else { return nil }
        let code = text[start..<end]
        guard !code.isEmpty, code.utf8.count <= maxCodeBytes,
            code.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) })
        else { return nil }
        return String(code)
    }
}

extension String {
    /// Where the text behind the first occurrence of another begins.
    fileprivate func utf8Index(after other: String) -> String.Index? { firstRange(of: other)?.upperBound }
}
