import Certificates
import NIOCore
import NIOSSL
import Synchronization

/// When this node asks for chains of certificates whose keys other nodes have: when a visitor comes for a domain that it has
/// none of, and from time to time again.
final class BorrowedCertificates: Sendable {
    /// How often chains are asked for again: within that time a renewed one takes the place of the old one, with which
    /// others sign until the renewal after.
    static let refreshInterval = Duration.seconds(600)
    /// How long a domain without an answer is not asked about.
    private static let pause = TimeAmount.seconds(2)
    /// Domains that are asked about at the same time.
    private static let maxPending = 64
    private static let maxFailed = 1_024

    private struct State {
        var pending: [String: Task<Void, Never>] = [:]
        var failed: [String: NIODeadline] = [:]
    }

    private let fleet: NodeFleet
    private let state = Mutex(State())

    init(_ fleet: NodeFleet) { self.fleet = fleet }

    /// Begins to get a domain's chain, unless that is under way; nil if there is nothing to get or too much is under way.
    /// Cheap, and never blocks.
    @discardableResult
    func get(_ domain: String) -> Task<Void, Never>? {
        // Any name may be asked for: only one that is bound is worth a question.
        guard fleet.watch.served[domain] != nil else { return nil }
        return state.withLock { state in
            if let task = state.pending[domain] { return task }
            if let failed = state.failed[domain], .now() < failed + BorrowedCertificates.pause { return nil }
            guard state.pending.count < BorrowedCertificates.maxPending, fleet.mayBorrow(domain) else { return nil }
            let task = Task { await self.borrow(domain) }
            state.pending[domain] = task
            return task
        }
    }

    private func borrow(_ domain: String) async {
        let isServed = await fleet.borrow(domain)
        state.withLock { state in
            state.pending[domain] = nil
            if state.failed.count >= BorrowedCertificates.maxFailed { state.failed.removeAll() }
            state.failed[domain] = isServed ? nil : .now()
        }
    }

    /// A domain's context once its chain is here; nil if there is nothing to wait for.
    func context(for domain: String, on eventLoop: any EventLoop) -> EventLoopFuture<NIOSSLContext?>? {
        guard let task = get(domain) else { return nil }
        let book = fleet.book
        return eventLoop.makeFutureWithTask {
            await task.value
            return book.context(for: domain)
        }
    }

    /// Serves no more what is not to be borrowed any more.
    func prune() {
        for domain in fleet.book.borrowedDomains where !fleet.mayBorrow(domain) { fleet.book.giveBack(domain) }
    }

    /// Asks for all chains again, one after the other.
    func refresh() async {
        prune()
        for domain in fleet.book.borrowedDomains {
            if Task.isCancelled { return }
            _ = await fleet.borrow(domain)
        }
    }
}
