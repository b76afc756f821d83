import Logging
import NIOCore
import Synchronization

extension FunctionPool {
    /// For so long after a line in the node's log no other one says that a worker was ended for this.
    static let overdueTellInterval = TimeAmount.seconds(10)

    /// Says of a worker that has ended that the pool ended it because a request went on after it was cancelled: its caller
    /// was told something else before. In the app's log each time, in the node's once in a while.
    func tellIfOverdue(_ id: PoolCore.WorkerID, _ handle: WorkerHandle) {
        let overdue = state.withLock { state -> (version: FunctionVersion, wireID: PoolCore.WireID, isNews: Bool)? in
            guard let worker = state.core.workers[id], worker.verdict?.code == .wallLimit,
                let version = worker.version, let culprit = worker.culprit
            else { return nil }
            let now = NIODeadline.now()
            let isNews = now - state.overdueToldAt >= Self.overdueTellInterval
            if isNews { state.overdueToldAt = now }
            return (version, culprit, isNews)
        }
        guard let overdue else { return }
        let request = handle.request(overdue.wireID)?.id
        sinks.log?(
            overdue.version,
            FunctionLogLine(
                level: .error, text: "the worker was ended: this request was cancelled and could not be stopped",
                requestID: request))
        guard overdue.isNews else { return }
        logger.warning(
            "a function worker was ended: a request was cancelled and could not be stopped",
            metadata: [
                "app": "\(overdue.version.tenant)", "release": "\(overdue.version.release)",
                "request": "\(request ?? "unknown")",
            ])
    }
}
