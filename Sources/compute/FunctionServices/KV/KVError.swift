import GRDB

/// What went wrong in the key-value store.
public struct KVError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// `kv/` and a name.
        public let rawValue: String
        /// Wraps a name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A key, name, expiration, metadata, limit or cursor that is none.
        public static let argument = Code(rawValue: "kv/argument")
        /// A key, value or metadata above its limit.
        public static let tooLarge = Code(rawValue: "kv/too-large")
        /// The app's quota leaves no room; nothing was stored.
        public static let quota = Code(rawValue: "kv/quota")
        /// Too many changes wait; nothing was stored.
        public static let overloaded = Code(rawValue: "kv/overloaded")
        /// The disk is full or failed; nothing was stored.
        public static let disk = Code(rawValue: "kv/disk")
        /// The file is none of ours, of a newer version, or damaged.
        public static let unusable = Code(rawValue: "kv/unusable")
        /// The store is closed.
        public static let closed = Code(rawValue: "kv/closed")
        /// The release has no binding with this namespace.
        public static let notBound = Code(rawValue: "kv/not-bound")
        /// No node that keeps the app's values answers.
        public static let unavailable = Code(rawValue: "kv/unavailable")
        /// The app has changes of as many other stores as it may; one of those must make this one. Nothing was stored.
        public static let writers = Code(rawValue: "kv/writers")
        /// A change from another store that breaks the rules; nothing of what came with it was stored.
        public static let refused = Code(rawValue: "kv/refused")
    }

    /// The kind of failure.
    public let code: Code
    /// What was wrong, and what to do next.
    public let message: String

    /// An error of this kind.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Code and message.
    public var description: String { "\(code.rawValue): \(message)" }

    static func database(_ error: any Error) -> KVError {
        switch error {
        case let known as KVError: return known
        case let database as DatabaseError where database.resultCode == .SQLITE_FULL:
            return KVError(.disk, "the node's disk is full; nothing was stored")
        case let database as DatabaseError
        where database.resultCode == .SQLITE_CORRUPT || database.resultCode == .SQLITE_NOTADB:
            return KVError(.unusable, "the key-value store is damaged; the node's owner must restore it")
        default: return KVError(.disk, "the key-value store cannot be read or written: \(error)")
        }
    }
}
