import Blake3
import BlobStore
import CoreMetrics
import Identity
import Logging
import NIOCore
import Peering
import SwiftProtobuf
import Synchronization
import Wire

/// One blob on its way from peers into the store, shared by everybody who reads it meanwhile.
///
/// Blocks are verified on the event loop that received them, written to the store's assembly, and handed to whoever
/// waits. When the last block is written the blob becomes durable and the fetch ends.
final class BlobFetch: Sendable {
    typealias Source = FetchPlan.Source

    struct State {
        var plan: FetchPlan
        var waiters: [Int: [EventLoopPromise<ByteBuffer>]] = [:]
        var finishers: [EventLoopPromise<Void>] = []
        var outcome: Result<Void, any Error>?
        /// All blocks are written; the assembly takes no more.
        var isFinishing = false
        var isSearching = false
        /// When all providers were lost; nil once a found one has sent a block.
        var lostSince: NIODeadline?
        /// Before this, peers are not asked again.
        var nextSearch = NIODeadline.uptimeNanoseconds(0)

        var isOver: Bool { outcome != nil || isFinishing }
    }

    let id: BlobID
    let byteCount: Int
    let environment: ExchangeEnvironment
    let state: Mutex<State>
    private let blockValues: [Digest]
    private let assembly: BlobAssembly

    /// - Parameter blockValues: Already checked against `id`: their root is the blob's digest.
    init(
        id: BlobID, byteCount: Int, blockValues: [Digest], assembly: BlobAssembly, environment: ExchangeEnvironment
    ) {
        self.id = id
        self.byteCount = byteCount
        self.blockValues = blockValues
        self.assembly = assembly
        self.environment = environment
        let plan = FetchPlan(
            blockCount: blockValues.count, window: environment.settings.window,
            maxProviders: environment.settings.maxProviders)
        state = Mutex(State(plan: plan))
    }

    deinit { cancel() }

    /// Whether the fetch ended without the blob.
    var hasFailed: Bool {
        state.withLock { state in
            if case .failure? = state.outcome { true } else { false }
        }
    }

    // MARK: Readers

    /// Asks for blocks ahead of whoever will wait for them.
    func demand(_ blocks: Range<Int>) {
        let sources = state.withLock { state in
            state.plan.demand(blocks)
            return state.plan.sources
        }
        pumpAll(sources)
    }

    /// One verified block, once it is here.
    func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        enum Step {
            case written
            case wait([Source])
            case failed(any Error)
        }
        guard blockValues.indices.contains(index) else {
            return eventLoop.makeFailedFuture(
                BlobStoreError(.badBlock, "blob \(id) has \(blockValues.count) blocks, there is no block \(index)"))
        }
        let promise = eventLoop.makePromise(of: ByteBuffer.self)
        let step = state.withLock { state -> Step in
            if case .failure(let error)? = state.outcome { return .failed(error) }
            if state.plan.isDone(index) { return .written }
            state.waiters[index, default: []].append(promise)
            state.plan.want(index)
            return .wait(state.plan.sources)
        }
        switch step {
        case .written:
            // Mostly it is in the page cache, written a moment ago: then no thread needs to change.
            if let bytes = assembly.readWithoutWaiting(block: index) {
                promise.succeed(bytes)
            } else {
                promise.completeWithTask { try await self.writtenBlock(index, on: eventLoop) }
            }
        case .failed(let error): promise.fail(error)
        case .wait(let sources): pumpAll(sources)
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

    /// Gives up; readers that still wait fail. Does nothing after the end.
    func cancel() {
        end(.failure(ExchangeError(.cancelled, "The fetch of \(id) was given up: nobody reads it, or the node stops")))
    }

    private func writtenBlock(_ index: Int, on eventLoop: any EventLoop) async throws -> ByteBuffer {
        do {
            if state.withLock({ !$0.isOver }) { return try await assembly.read(block: index) }
        } catch let error as BlobStoreError where error.code == .corrupt {
            state.withLock { $0.plan.onDamage(index) }
            return try await block(index, on: eventLoop).get()
        } catch {
            // The assembly becomes a stored blob at any moment: then the store has the block.
            guard state.withLock({ $0.isOver }) else { throw error }
        }
        try await finished(on: eventLoop).get()
        return try await environment.store.block(id, index)
    }

    // MARK: Blocks

    /// Fills the provider's window with requests.
    func pump(_ source: Source, _ connection: PeerConnection) {
        while let index = state.withLock({ $0.isOver ? nil : $0.plan.next(for: source) }) {
            request(index, source, connection)
        }
    }

    private func request(_ index: Int, _ source: Source, _ connection: PeerConnection) {
        let message = PeerPBReadBlock.with {
            $0.blob = id.bytes
            $0.index = UInt32(index)
        }
        let body: [UInt8]
        do {
            body = try message.serializedBytes()
        } catch {
            return end(.failure(error))
        }
        connection.request(.readBlock, ByteBuffer(bytes: body), timeout: environment.settings.blockTimeout)
            .whenComplete { result in
                switch result {
                case .success(let frame) where frame.type == .block:
                    self.receive(index, frame.body, source, connection)
                case .success(let frame):
                    self.drop(source, .corrupt, reason: "answered a block request with \(frame.type)")
                case .failure(let error as PeerError) where error.code == .busy:
                    self.waitForTurn(index, source, connection)
                case .failure(let error):
                    self.drop(source, .unavailable, reason: "\(error)")
                }
            }
    }

    /// The provider serves enough of our requests; it is asked again a little later.
    private func waitForTurn(_ index: Int, _ source: Source, _ connection: PeerConnection) {
        state.withLock { $0.plan.onBusy(index, from: source) }
        connection.eventLoop.scheduleTask(in: environment.settings.busyPause) { [weak self] in
            self?.pump(source, connection)
        }
    }

    /// Runs on the loop that read the block: hashing it here costs less than a hop.
    private func receive(_ index: Int, _ bytes: ByteBuffer, _ source: Source, _ connection: PeerConnection) {
        guard bytes.isBlock(index, of: byteCount, value: blockValues[index]) else {
            return drop(source, .corrupt, reason: "sent bytes that are not block \(index)")
        }
        install(index, bytes, source, connection)
    }

    /// Takes a block that was verified.
    func install(_ index: Int, _ bytes: ByteBuffer, _ source: Source, _ connection: PeerConnection) {
        environment.metrics.fetchedBytes.increment(by: Int64(bytes.readableBytes))
        if state.withLock({ $0.plan.isDone(index) }) { return complete(index, bytes, source, connection) }
        assembly.write(block: index, bytes, on: connection.eventLoop).whenComplete { result in
            switch result {
            case .success: self.complete(index, bytes, source, connection)
            case .failure(let error):
                // A second copy may come after the first one has completed the blob.
                if !self.state.withLock({ $0.plan.isDone(index) }) { self.end(.failure(error)) }
            }
        }
    }

    private func complete(_ index: Int, _ bytes: ByteBuffer, _ source: Source, _ connection: PeerConnection) {
        let (waiters, isComplete) = state.withLock { state in
            state.plan.onBlock(index, from: source)
            // A block of a lost provider that was still being written is no sign that another one was found.
            if !state.isSearching { state.lostSince = nil }
            let isComplete = state.plan.isComplete && !state.isOver
            if isComplete { state.isFinishing = true }
            return (state.waiters.removeValue(forKey: index) ?? [], isComplete)
        }
        for waiter in waiters { waiter.succeed(bytes) }
        if isComplete { finish() } else { pump(source, connection) }
    }

    private func finish() {
        environment.group.next().makeFutureWithTask { try await self.assembly.finish() }
            .whenComplete { self.end($0) }
    }

    /// Ends the fetch, once: what comes later is ignored.
    func end(_ outcome: Result<Void, any Error>) {
        typealias Promises = (waiters: [EventLoopPromise<ByteBuffer>], finishers: [EventLoopPromise<Void>])
        let ended = state.withLock { state -> Promises? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer {
                state.waiters.removeAll()
                state.finishers.removeAll()
            }
            return (state.waiters.values.flatMap { $0 }, state.finishers)
        }
        guard let ended else { return }
        if case .failure(let error) = outcome {
            environment.metrics.failures.increment()
            assembly.cancel()
            for waiter in ended.waiters { waiter.fail(error) }
        }
        for finisher in ended.finishers { finisher.completeWith(outcome) }
    }
}

extension ByteBuffer {
    /// Whether the readable bytes are block `index` of a blob of `byteCount` bytes, by the block's chaining value.
    func isBlock(_ index: Int, of byteCount: Int, value: Digest) -> Bool {
        readableBytes == BlockTree.blockLength(index, byteCount: byteCount)
            && withUnsafeReadableBytes { BlockTree.blockValue($0, index: index, byteCount: byteCount) == value }
    }
}
