import Synchronization

/// Streams that all hear the same; a slow reader gets the newest only.
final class Broadcast<Element: Sendable>: Sendable {
    private struct Table {
        var isClosed = false
        var last: Element?
        var nextID: UInt64 = 0
        var listeners: [UInt64: AsyncStream<Element>.Continuation] = [:]
    }

    private let table: Mutex<Table>
    private let kept: Int
    private let replaysLast: Bool

    /// - Parameters:
    ///   - kept: Elements that a slow reader gets at most.
    ///   - first: What every stream begins with until something newer was sent; nil for streams of news only.
    init(kept: Int = 1, first: Element? = nil) {
        self.kept = kept
        replaysLast = first != nil
        table = Mutex(Table(last: first))
    }

    /// Ends with ``close()``, at once if that was before.
    func stream() -> AsyncStream<Element> {
        let (stream, continuation) = AsyncStream.makeStream(of: Element.self, bufferingPolicy: .bufferingNewest(kept))
        let id = table.withLock { table -> UInt64? in
            guard !table.isClosed else { return nil }
            table.nextID &+= 1
            table.listeners[table.nextID] = continuation
            if let last = table.last { continuation.yield(last) }
            return table.nextID
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.table.withLock { _ = $0.listeners.removeValue(forKey: id) }
        }
        return stream
    }

    /// Under the lock, so that all streams hear everything in one order.
    func send(_ element: Element) {
        table.withLock { table in
            if replaysLast { table.last = element }
            for listener in table.listeners.values { listener.yield(element) }
        }
    }

    func close() {
        let listeners = table.withLock { table in
            table.isClosed = true
            return Array(table.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}
