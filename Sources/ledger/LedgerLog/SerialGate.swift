import Synchronization

/// Lets one caller at a time through, in the order of arrival, across the caller's awaits.
///
/// Cancellation does not shorten the wait: whoever holds the gate finishes soon, since it only writes to the log.
final class SerialGate: Sendable {
    private struct Line {
        var isBusy = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let line = Mutex(Line())

    func run<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async rethrows -> Result {
        await withCheckedContinuation { continuation in
            let isFree = line.withLock { line in
                if line.isBusy {
                    line.waiting.append(continuation)
                    return false
                }
                line.isBusy = true
                return true
            }
            if isFree { continuation.resume() }
        }
        defer {
            let next = line.withLock { line in
                if line.waiting.isEmpty {
                    line.isBusy = false
                    return CheckedContinuation<Void, Never>?.none
                }
                return line.waiting.removeFirst()
            }
            next?.resume()
        }
        return try await body()
    }
}
