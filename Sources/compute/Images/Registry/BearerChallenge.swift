/// What a registry says with status 401: where to get a token, and for what (RFC 6750, section 3; Docker's token
/// authentication specification).
struct BearerChallenge: Hashable, Sendable {
    var realm: String
    var service: String?
    var scope: String?

    /// Longest header value that is looked at, in bytes.
    static let maxBytes = 8 << 10

    /// From the value of `WWW-Authenticate` (RFC 9110, section 11.6.1); nil for another scheme or a malformed one.
    init?(_ header: String) {
        guard header.utf8.count <= Self.maxBytes else { return nil }
        var rest = Array(header.utf8)[...]
        func skipBlanks() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 } }
        func token() -> String? {
            let part = rest.prefix { isTokenByte($0) }
            rest = rest.dropFirst(part.count)
            return part.isEmpty ? nil : String(decoding: part, as: UTF8.self).lowercased()
        }
        func isTokenByte(_ byte: UInt8) -> Bool {
            byte > 0x20 && byte < 0x7f && !"()<>@,;:\\\"/[]?={}".utf8.contains(byte)
        }
        skipBlanks()
        guard token() == "bearer", rest.first == 0x20 else { return nil }
        var values: [String: String] = [:]
        while true {
            skipBlanks()
            if rest.first == UInt8(ascii: ",") {
                rest = rest.dropFirst()
                continue
            }
            if rest.isEmpty { break }
            guard let name = token(), rest.first == UInt8(ascii: "=") else { return nil }
            rest = rest.dropFirst()
            guard let value = BearerChallenge.value(&rest, isTokenByte), values.updateValue(value, forKey: name) == nil
            else { return nil }
        }
        guard let realm = values["realm"], !realm.isEmpty else { return nil }
        self.realm = realm
        service = values["service"]
        scope = values["scope"]
    }

    /// A token, or a text in quotes with backslashes before some characters.
    private static func value(_ rest: inout ArraySlice<UInt8>, _ isTokenByte: (UInt8) -> Bool) -> String? {
        guard rest.first == UInt8(ascii: "\"") else {
            let part = rest.prefix { isTokenByte($0) }
            rest = rest.dropFirst(part.count)
            return part.isEmpty ? nil : String(validating: part, as: UTF8.self)
        }
        rest = rest.dropFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(validating: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst() else { return nil }
                bytes.append(next)
            default: bytes.append(byte)
            }
        }
        return nil
    }

    /// The query with which the token is asked for.
    var query: String {
        let pairs = [("service", service), ("scope", scope)].compactMap { name, value in
            value.map { "\(name)=\(BearerChallenge.encoded($0))" }
        }
        return pairs.joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = text.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"), UInt8(ascii: ":"):
                [byte]
            default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
