import Synchronization

/// Says once what a submission waits for, when that takes long.
final class WaitNotice: Sendable {
    private let reason = Mutex<String?>(nil)
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// - Parameters:
    ///   - delay: After which it is said.
    ///   - limit: How long the submission is repeated.
    ///   - report: Whom to tell; nil: nobody.
    init(after delay: Duration, limit: Duration, report: (@Sendable (String) -> Void)?) {
        guard let report else { return }
        let task = Task { [weak self] in
            do { try await Task.sleep(for: delay) } catch { return }
            guard let self else { return }
            let silence = "the node has not answered yet; `skerry ledger head` shows who orders"
            let cause = self.reason.withLock { $0 } ?? silence
            report("still waiting, up to \(limit.components.seconds) s in all: \(cause)")
        }
        self.task.withLock { $0 = task }
    }

    /// Why it has to be handed in again.
    func because(_ failure: any Error) { reason.withLock { $0 = "\(failure)" } }

    /// Nothing is said any more.
    func end() { task.withLock { $0.take() }?.cancel() }
}
