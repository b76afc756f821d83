import WorkerProtocol

/// A body that this worker sends in parts: what the node may still get, and what waits until it may.
struct OutgoingBody {
    /// How a body goes on when it has been asked for a part.
    enum Step: Equatable {
        case part([UInt8])
        case end
        /// Nothing until there is credit or more data.
        case wait
    }

    private var pending: [UInt8] = []
    private var sent = 0
    private var window = WireLimits.bodyWindow
    private(set) var isFinished = false

    /// Bytes that may be added now without waiting; negative when more wait than may leave.
    var room: Int { window - (pending.count - sent) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if sent == pending.count {
            pending.removeAll(keepingCapacity: true)
            sent = 0
        }
        pending.append(contentsOf: bytes)
    }

    mutating func finish() { isFinished = true }

    /// A window beyond what any node grants is a fault of the node, not a reason to trap.
    mutating func addCredit(_ bytes: Int) { window = min(window &+ max(0, bytes), Int(UInt32.max)) }

    mutating func next() -> Step {
        let waiting = pending.count - sent
        if waiting == 0 { return isFinished ? .end : .wait }
        let count = min(waiting, window, WireLimits.maxPartBytes)
        guard count > 0 else { return .wait }
        let part = Array(pending[sent..<(sent + count)])
        sent += count
        window -= count
        return .part(part)
    }
}
