import Blake3
import BlobStore
import CoreMetrics
import Identity
import NIOCore
import Peering
import Synchronization

/// One blob on its way from peers, into the store or to one reader.
///
/// Blocks are verified on the event loop that received them, handed to whoever waits and written to the store's
/// assembly. When the last block is written the blob becomes durable and the fetch ends. A fetch that ends before leaves
/// what it has to the next one.
final class BlobFetch: Sendable {
    typealias Source = FetchPlan.Source

    /// A provider's connection.
    struct Link {
        let connection: PeerConnection
        /// Bytes that had come over it when the plan was last told.
        var receivedBytes: Int
    }

    struct State {
        var plan: FetchPlan
        var links: [Source: Link] = [:]
        var window: BlockWindow
        var waiters: [Int: [EventLoopPromise<ByteBuffer>]] = [:]
        var finishers: [EventLoopPromise<Void>] = []
        var outcome: Result<Void, any Error>?
        /// All blocks are written; the assembly takes no more.
        var isFinishing = false
        var lastReader = 0
        var search: ProviderSearch
        var isTicking = false

        var isOver: Bool { outcome != nil || isFinishing }
    }

    let id: BlobID
    let byteCount: Int
    let blockValues: [Digest]
    let environment: ExchangeEnvironment
    let storage: FetchStorage
    let state: Mutex<State>
    /// Tells the requests of this fetch from others on the same connections.
    let owner = RequestLabel.newOwner()
    let loop: any EventLoop
    /// Completes when nothing of the fetch is open any more: another one may begin.
    private let closing: EventLoopPromise<Void>

    /// - Parameter blockValues: Already checked against `id`: their root is the blob's digest.
    init(
        id: BlobID, byteCount: Int, blockValues: [Digest], storage: FetchStorage, environment: ExchangeEnvironment
    ) {
        self.id = id
        self.byteCount = byteCount
        self.blockValues = blockValues
        self.storage = storage
        self.environment = environment
        loop = environment.group.next()
        closing = loop.makePromise(of: Void.self)
        var held: BlockSet?
        var keeping = Exchange.Keeping.nowhere
        if case .assembly(let assembly) = storage { (held, keeping) = (assembly.held, .inStore) }
        let settings = environment.planSettings(keeping: keeping)
        state = Mutex(
            State(
                plan: FetchPlan(blockCount: blockValues.count, held: held, settings: settings),
                // The block that proves the size is not the reader's next one: it has a place of its own.
                window: BlockWindow(maxCount: settings.readAhead + 1), search: ProviderSearch(environment.settings)))
    }

    deinit { cancel() }

    /// Whether the fetch is over, with the blob or without it.
    var hasEnded: Bool { state.withLock { $0.outcome != nil } }

    /// Completes when the fetch has let go of the store.
    var closed: EventLoopFuture<Void> { closing.futureResult }

    // MARK: Readers

    /// A new reader; it wants nothing yet.
    func join() -> Int {
        state.withLock { state in
            state.lastReader += 1
            return state.lastReader
        }
    }

    /// Asks for blocks ahead of whoever will wait for them.
    ///
    /// - Parameter isPaced: Only so far ahead of the reader as the settings say.
    func demand(_ blocks: Range<Int>, reader: Int, isPaced: Bool) {
        update { $0.plan.demand(blocks, reader: reader, isPaced: isPaced) }
    }

    /// Asks for everything, beginning at a place that differs from node to node: nodes that fetch a blob at the same time
    /// then have different parts to give to each other.
    func demandAll(reader: Int, from node: NodeID) {
        let start = node.digest.withUnsafeBytes { Int($0.load(as: UInt32.self)) } % blockValues.count
        update { state in
            state.plan.demand(start..<blockValues.count, reader: reader)
            state.plan.demand(0..<start, reader: reader)
        }
    }

    func leave(_ reader: Int) { update { $0.plan.leave(reader) } }

    /// One verified block, once it is here.
    func block(_ index: Int, reader: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        enum Step {
            case here(ByteBuffer)
            case written
            case wait
            case failed(any Error)
        }
        guard blockValues.indices.contains(index) else {
            return eventLoop.makeFailedFuture(
                BlobStoreError(.badBlock, "blob \(id) has \(blockValues.count) blocks, there is no block \(index)"))
        }
        let promise = eventLoop.makePromise(of: ByteBuffer.self)
        let step = update { state -> Step in
            if case .failure(let error)? = state.outcome { return .failed(error) }
            if let bytes = state.window.take(index) {
                state.plan.want(index, reader: reader)
                return .here(bytes)
            }
            if state.plan.isDone(index) {
                guard case .memory = storage else {
                    state.plan.want(index, reader: reader)
                    return .written
                }
                // It was handed out before and is gone.
                state.plan.onLost(index)
            }
            state.plan.want(index, reader: reader)
            state.waiters[index, default: []].append(promise)
            return .wait
        }
        switch step {
        case .here(let bytes): promise.succeed(bytes)
        case .written: readWritten(index, reader, promise, on: eventLoop)
        case .failed(let error): promise.fail(error)
        case .wait: break
        }
        return promise.futureResult
    }

    /// Completes when the whole blob is durable, or fails with why it cannot be had.
    func finished(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        let outcome = state.withLock { state -> Result<Void, any Error>? in
            if state.outcome == nil { state.finishers.append(promise) }
            return state.outcome
        }
        if let outcome { promise.completeWith(outcome) }
        return promise.futureResult
    }

    private func readWritten(
        _ index: Int, _ reader: Int, _ promise: EventLoopPromise<ByteBuffer>, on eventLoop: any EventLoop
    ) {
        // Mostly it is in the page cache, written a moment ago: then no thread needs to change.
        if case .assembly(let assembly) = storage, let bytes = assembly.readWithoutWaiting(block: index) {
            promise.succeed(bytes)
        } else {
            promise.completeWithTask { try await self.writtenBlock(index, reader, on: eventLoop) }
        }
    }

    private func writtenBlock(_ index: Int, _ reader: Int, on eventLoop: any EventLoop) async throws -> ByteBuffer {
        do {
            if case .assembly(let assembly) = storage, state.withLock({ !$0.isOver }) {
                return try await assembly.read(block: index)
            }
        } catch let error as BlobStoreError where error.code == .corrupt {
            state.withLock { $0.plan.onLost(index) }
            return try await block(index, reader: reader, on: eventLoop).get()
        } catch {
            // The assembly becomes a stored blob at any moment: then the store has the block.
            guard state.withLock({ $0.isOver }) else { throw error }
        }
        try await finished(on: eventLoop).get()
        return try await environment.store.block(id, index)
    }

    // MARK: Ending

    /// Gives up; readers that still wait fail. What was written stays for the next fetch. Does nothing after the end.
    func cancel() {
        end(.failure(ExchangeError(.cancelled, "The fetch of \(id) was given up: nobody reads it, or the node stops")))
    }

    /// All blocks are written.
    func finish() {
        guard case .assembly(let assembly) = storage else { return }
        loop.makeFutureWithTask { try await assembly.finish() }.whenComplete { result in
            if case .failure(let error as BlobStoreError) = result, error.code == .incomplete {
                self.refill(from: assembly)
            } else {
                self.end(result)
            }
        }
    }

    /// Blocks of an earlier process were damaged on the disk: they are fetched again.
    private func refill(from assembly: BlobAssembly) {
        let held = assembly.held
        update { state in
            state.isFinishing = false
            for index in 0..<held.blockCount where !held.contains(index) { state.plan.onLost(index) }
            state.plan.demand(0..<held.blockCount)
        }
    }

    /// Ends the fetch, once: what comes later is ignored.
    func end(_ outcome: Result<Void, any Error>) {
        typealias Ended = (
            waiters: [EventLoopPromise<ByteBuffer>], finishers: [EventLoopPromise<Void>], plan: FetchPlan
        )
        let ended = state.withLock { state -> Ended? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer {
                state.waiters.removeAll()
                state.finishers.removeAll()
                state.window = BlockWindow(maxCount: 1)
                state.links.removeAll()
            }
            return (state.waiters.values.flatMap { $0 }, state.finishers, state.plan)
        }
        guard let ended else { return }
        environment.metrics.hedges.increment(by: ended.plan.tally.hedges)
        if case .failure(let error) = outcome {
            environment.metrics.failures.increment()
            for waiter in ended.waiters { waiter.fail(error) }
            letGo(keeping: ended.plan.done.count > 0)
        } else {
            closing.succeed(())
        }
        for finisher in ended.finishers { finisher.completeWith(outcome) }
    }

    private func letGo(keeping: Bool) {
        guard case .assembly(let assembly) = storage else { return closing.succeed(()) }
        guard keeping else {
            assembly.cancel()
            return closing.succeed(())
        }
        closing.completeWithTask { await assembly.suspend() }
    }
}
