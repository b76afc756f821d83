public import Foundation

/// A value of an app: `GET /api/v1/names/<name>/kv/<namespace>/value?key=…`, signed by the owner. A missing one has status
/// 404 and the code `kv/not-found`.
///
/// Changes go to the same path: `PUT` with the value as body, its BLAKE3 hash as `hash` (the signature covers the path, so
/// the hash ties the body to it) and, if wanted, `expiration` (seconds since 1970), `ttl` (seconds from now, which goes
/// first) and `metadata` (JSON); `DELETE`.
public struct KVValueInfo: Codable, Sendable, Equatable {
    /// The bytes; base64 in JSON.
    public var value: Data
    /// JSON text, or nil.
    public var metadata: String?
    /// When it ends, in seconds since 1970 UTC; nil if never.
    public var expiration: Int?

    public init(value: Data, metadata: String?, expiration: Int?) {
        self.value = value
        self.metadata = metadata
        self.expiration = expiration
    }
}

/// Some names of a namespace: `GET /api/v1/names/<name>/kv/<namespace>/keys?prefix=…&limit=…&cursor=…`, signed by the owner.
public struct KVKeyList: Codable, Sendable, Equatable {
    /// Names in one answer at most.
    public static let maxCount = 1_000

    /// A name with what is known about it beside its value.
    public struct Key: Codable, Sendable, Equatable {
        public var name: String
        /// JSON text, or nil.
        public var metadata: String?
        /// When it ends, in seconds since 1970 UTC; nil if never.
        public var expiration: Int?

        public init(name: String, metadata: String?, expiration: Int?) {
            self.name = name
            self.metadata = metadata
            self.expiration = expiration
        }
    }

    /// In the order of their bytes.
    public var keys: [Key]
    /// For the next page; nil at the end.
    public var cursor: String?

    public init(keys: [Key], cursor: String?) {
        self.keys = keys
        self.cursor = cursor
    }
}

/// A change that was made.
public struct KVChangeInfo: Codable, Sendable, Equatable {
    public var namespace: String
    public var key: String

    public init(namespace: String, key: String) {
        self.namespace = namespace
        self.key = key
    }
}

/// Where an entry is.
public struct KVPlace: Sendable, Equatable {
    /// The app's name.
    public var name: String
    public var namespace: String
    public var key: String

    public init(name: String, namespace: String, key: String) {
        self.name = name
        self.namespace = namespace
        self.key = key
    }

    /// The path and query of requests about it, escaped.
    public var target: String { KVPlace.target(name, namespace, "value", [("key", key)]) }

    /// A path below an app's values with a query. Everything but letters and digits is escaped, so that no reader takes
    /// it otherwise.
    public static func target(
        _ name: String, _ namespace: String, _ what: String, _ query: [(String, String)]
    ) -> String {
        let fields = query.map { "\($0.0)=\(escaped($0.1))" }.joined(separator: "&")
        return "/api/v1/names/\(escaped(name))/kv/\(escaped(namespace))/\(what)" + (fields.isEmpty ? "" : "?" + fields)
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
