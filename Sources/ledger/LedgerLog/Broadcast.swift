import Synchronization

/// Streams that all hear the same; a slow reader gets the newest only.
package final class Broadcast<Element: Sendable>: Sendable {
    private struct Table {
        var isClosed = false
        var nextID: UInt64 = 0
        var listeners: [UInt64: AsyncStream<Element>.Continuation] = [:]
    }

    /// What streams begin with, if with anything. Held while listeners are told, so that all streams hear everything in one
    /// order.
    private let last: Mutex<Element?>
    /// Not held while a listener is told: that takes the lock of the task that reads, and whoever cancels the task holds that
    /// lock when the end of the stream is noted here.
    private let table = Mutex(Table())
    private let kept: Int
    private let replaysLast: Bool

    /// - Parameters:
    ///   - kept: Elements that a slow reader gets at most.
    ///   - first: What every stream begins with until something newer was sent; nil for streams of news only.
    package init(kept: Int = 1, first: Element? = nil) {
        self.kept = kept
        replaysLast = first != nil
        last = Mutex(first)
    }

    /// Ends with ``close()``, at once if that was before.
    package func stream() -> AsyncStream<Element> {
        let (stream, continuation) = AsyncStream.makeStream(of: Element.self, bufferingPolicy: .bufferingNewest(kept))
        let id = last.withLock { last -> UInt64? in
            let id = table.withLock { table -> UInt64? in
                guard !table.isClosed else { return nil }
                table.nextID &+= 1
                table.listeners[table.nextID] = continuation
                return table.nextID
            }
            if id != nil, let last { continuation.yield(last) }
            return id
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

    /// Tells every stream.
    package func send(_ element: Element) { send(next: { element }) }

    /// Tells every stream what `next` gives, if it gives something; what is asked for first is told first.
    package func send(next: () -> Element?) {
        last.withLock { last in
            guard let element = next() else { return }
            if replaysLast { last = element }
            for listener in table.withLock({ Array($0.listeners.values) }) { listener.yield(element) }
        }
    }

    package func close() {
        let listeners = table.withLock { table in
            table.isClosed = true
            return Array(table.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}
