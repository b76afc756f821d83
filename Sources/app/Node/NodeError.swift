/// Why a node cannot start or cannot do what it was asked.
public struct NodeError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The data folder is unusable or belongs to another process.
        public static let folderUnusable = Code("node/folder-unusable")
        /// A configuration file is absent or malformed.
        public static let badConfiguration = Code("node/bad-configuration")
        /// An address cannot be bound.
        public static let cannotListen = Code("node/cannot-listen")
        /// The node's key is not among the nodes of the network.
        public static let notOnLedger = Code("node/not-on-ledger")
        /// The ledger's files do not belong together or are damaged.
        public static let ledgerUnusable = Code("node/ledger-unusable")
    }

    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}
