import BlobStore
import Identity
import LedgerLog
import Logging
import NIOCore

/// What there is before a node's parts, and what they are made with.
struct NodeBase: Sendable {
    let key: SigningKey
    let node: NodeID
    let keeper: LedgerKeeper
    let store: BlobStore
    let group: any EventLoopGroup
    let logger: Logger

    init(key: SigningKey, keeper: LedgerKeeper, store: BlobStore, group: any EventLoopGroup, logger: Logger) {
        self.key = key
        node = key.publicKey.node
        self.keeper = keeper
        self.store = store
        self.group = group
        self.logger = logger
    }

    func logger(for room: String) -> Logger {
        var logger = logger
        logger[metadataKey: "room"] = "\(room)"
        return logger
    }
}
