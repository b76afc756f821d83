import Channels
import NIOCore
import Synchronization

/// Collects what payers send to one event loop in one turn of it, over whatever connections, and takes it together: one
/// lock, one record in the log's memory, and 16 links hashed beside each other.
///
/// Nothing waits for company: what came in is taken as soon as the loop has read all that there is to read.
final class UnitGatherer: Sendable {
    /// Requests that are taken under one lock at most, so that other loops get it in between.
    static let maxTogether = 512

    private struct Item {
        let request: UnitRequest
        let promise: EventLoopPromise<UnitAnswer>
    }

    private let waiting = Mutex<[ObjectIdentifier: [Item]]>([:])
    private let take: @Sendable ([UnitRequest]) -> [UnitAnswer]

    /// - Parameter take: Gives an answer for each request, in their order. Called on event loops.
    init(take: @escaping @Sendable ([UnitRequest]) -> [UnitAnswer]) { self.take = take }

    /// Takes the request with those that come in the same turn.
    ///
    /// - Returns: Never fails; completes on `eventLoop`.
    func submit(_ request: UnitRequest, on eventLoop: any EventLoop) -> EventLoopFuture<UnitAnswer> {
        let promise = eventLoop.makePromise(of: UnitAnswer.self)
        let key = ObjectIdentifier(eventLoop)
        let isFirst = waiting.withLock { waiting in
            waiting[key, default: []].append(Item(request: request, promise: promise))
            return waiting[key]?.count == 1
        }
        if isFirst { eventLoop.execute { self.takeAll(key) } }
        return promise.futureResult
    }

    private func takeAll(_ key: ObjectIdentifier) {
        var items = waiting.withLock { $0.removeValue(forKey: key) ?? [] }[...]
        while !items.isEmpty {
            let together = items.prefix(UnitGatherer.maxTogether)
            items = items.dropFirst(together.count)
            let answers = take(together.map(\.request))
            for (item, answer) in zip(together, answers) { item.promise.succeed(answer) }
        }
    }
}
