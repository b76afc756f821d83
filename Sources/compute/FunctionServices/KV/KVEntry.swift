/// A value with what is known about it.
public struct KVEntry: Hashable, Sendable {
    /// The bytes.
    public var value: [UInt8]
    /// JSON text, or nil.
    public var metadata: String?
    /// When it ends, in seconds since 1970 UTC; nil if never.
    public var expiration: Int?

    /// Describes an entry.
    public init(value: [UInt8], metadata: String? = nil, expiration: Int? = nil) {
        self.value = value
        self.metadata = metadata
        self.expiration = expiration
    }
}

/// Some of the names in a namespace.
public struct KVPage: Hashable, Sendable {
    /// A name with what is known about it beside its value.
    public struct Key: Hashable, Sendable {
        /// The key.
        public var name: String
        /// JSON text, or nil.
        public var metadata: String?
        /// When it ends, in seconds since 1970 UTC; nil if never.
        public var expiration: Int?

        /// Describes a name.
        public init(name: String, metadata: String?, expiration: Int?) {
            self.name = name
            self.metadata = metadata
            self.expiration = expiration
        }
    }

    /// In the order of their bytes.
    public var keys: [Key]
    /// Where the next page begins: the last key; nil if there is none.
    public var next: String?

    /// A page of these names.
    public init(keys: [Key], next: String?) {
        self.keys = keys
        self.next = next
    }
}
