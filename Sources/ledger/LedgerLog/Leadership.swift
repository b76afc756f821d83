public import Identity

/// Who orders transactions in a log that several nodes share.
///
/// It is there for liveness only. Safety is the log's: an append by whoever lost the lead fails with `.notSequencer`,
/// however late that node hears of it.
public protocol Leadership: Sendable {
    /// What this node knows now.
    var standing: Standing { get }

    /// Each change of ``standing`` from now on, beginning with the present one. A slow reader gets the newest only.
    func changes() -> AsyncStream<Standing>

    /// Stands for election, and again after each loss, until cancelled; then steps down so that another node follows
    /// at once.
    func run() async
}

/// Whether this node orders transactions, or who does.
public enum Standing: Sendable, Hashable {
    /// This node does. `term` is larger than in every lead before, whosever.
    case leading(term: UInt64)
    /// Another node does.
    case following(NodeID)
    /// Nobody is known to.
    case vacant
}
