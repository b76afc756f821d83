/// The path of a request for content: decoded once, and free of everything that could name something outside.
enum RequestPath {
    /// A path that was read.
    struct Decoded: Equatable {
        /// Without the leading slash; percent-encoding is undone exactly once.
        let text: String
        /// The same with slashes as `%2F` that were encoded, and so are parts of names; nil if there are none. No file has
        /// such a name: the text must not be taken for the path of one, which routes may have given to somebody else.
        let withEncodedSlashes: String?
    }

    /// Reads a path, and refuses one that could name something outside.
    ///
    /// - Parameter raw: As sent; begins with `/`.
    /// - Throws: ``GatewayError/Code/badRequest`` for broken percent-encoding, control bytes, text that is not UTF-8, and
    ///   `.` or `..` segments. Clients resolve those before they send; whoever does not is probing.
    static func decode(_ raw: String) throws(GatewayError) -> Decoded {
        var bytes: [UInt8] = []
        var encodedSlashes: [Int] = []
        bytes.reserveCapacity(raw.utf8.count)
        var input = raw.utf8.dropFirst().makeIterator()
        while let byte = input.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = input.next().flatMap(HTTPCharacters.hexValue),
                let low = input.next().flatMap(HTTPCharacters.hexValue)
            else { throw .malformed("The path holds a % that is not followed by two hexadecimal digits") }
            let decoded = high << 4 | low
            guard decoded >= 0x20, decoded != 0x7f else {
                throw .malformed("The path holds an encoded control character")
            }
            if decoded == UInt8(ascii: "/") { encodedSlashes.append(bytes.count) }
            bytes.append(decoded)
        }
        for segment in bytes.split(separator: UInt8(ascii: "/")) {
            if segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8) {
                throw .malformed("The path holds a `.` or `..` segment; send the resolved path")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .malformed("The path is not UTF-8 once its percent-encoding is undone")
        }
        if encodedSlashes.isEmpty { return Decoded(text: text, withEncodedSlashes: nil) }
        for index in encodedSlashes.reversed() { bytes.replaceSubrange(index...index, with: "%2F".utf8) }
        return Decoded(text: text, withEncodedSlashes: String(decoding: bytes, as: UTF8.self))
    }

    /// A decoded path as it stands in a URL, with a leading slash.
    static func encode(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = [UInt8(ascii: "/")]
        for byte in path.utf8 {
            if HTTPCharacters.isPath(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
