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
    private struct State {
        var plan: FetchPlan
        var waiters: [Int: [EventLoopPromise<ByteBuffer>]] = [:]
        var banned: Set<NodeID> = []
        var outcome: Result<Void, any Error>?
        var finishers: [EventLoopPromise<Void>] = []
        var isSearching = false
    }

    let id: BlobID
    let byteCount: Int
    private let blockValues: [Digest]
    private let assembly: BlobAssembly
    private let environment: ExchangeEnvironment
    private let state: Mutex<State>

    /// - Parameter blockValues: Already checked against `id`: their root is the blob's digest.
    init(
        id: BlobID, byteCount: Int, blockValues: [Digest], assembly: BlobAssembly, environment: ExchangeEnvironment
    ) {
        self.id = id
        self.byteCount = byteCount
        self.blockValues = blockValues
        self.assembly = assembly
        self.environment = environment
        let plan = FetchPlan(blockCount: blockValues.count, window: environment.settings.window)
        state = Mutex(State(plan: plan))
    }

    var blockCount: Int { blockValues.count }

    // MARK: Readers

    /// Asks for blocks ahead of whoever will wait for them.
    func demand(_ blocks: Range<Int>) {
        let providers = state.withLock { state in
            state.plan.demand(blocks)
            return state.plan.liveProviders
        }
        pumpAll(providers)
    }

    /// One verified block, once it is here.
    func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        enum Step {
            case written
            case wait([NodeID])
            case failed(any Error)
        }
        let promise = eventLoop.makePromise(of: ByteBuffer.self)
        let step = state.withLock { state -> Step in
            if state.plan.isDone(index) { return .written }
            if case .failure(let error)? = state.outcome { return .failed(error) }
            state.waiters[index, default: []].append(promise)
            state.plan.demand(index..<index + 1)
            return .wait(state.plan.liveProviders)
        }
        switch step {
        case .written: promise.completeWithTask { try await self.writtenBlock(index, on: eventLoop) }
        case .failed(let error): promise.fail(error)
        case .wait(let providers): pumpAll(providers)
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

    /// Gives up; readers that still wait fail.
    func cancel() {
        end(.failure(ExchangeError(.cancelled, "The fetch of \(id) was given up: nobody reads it")))
    }

    private func writtenBlock(_ index: Int, on eventLoop: any EventLoop) async throws -> ByteBuffer {
        if case .success? = state.withLock({ $0.outcome }) { return try await environment.store.block(id, index) }
        do {
            return try await assembly.read(block: index)
        } catch {
            // The assembly may have become a stored blob between the look and the read.
            if try environment.store.contains(id) { return try await environment.store.block(id, index) }
            throw error
        }
    }

    // MARK: Providers

    /// Starts asking over `connection`, unless that provider was dropped from this fetch.
    func add(_ connection: PeerConnection) {
        guard state.withLock({ $0.outcome == nil && $0.plan.add(connection.peer) }) else { return }
        environment.logger.trace("fetching", metadata: ["blob": "\(id)", "peer": "\(connection.peer.short)"])
        pump(connection)
    }

    private func pumpAll(_ providers: [NodeID]) {
        for provider in providers {
            environment.connection(to: provider).whenComplete { result in
                switch result {
                case .success(let connection): self.pump(connection)
                case .failure: self.drop(provider, .unavailable, reason: "the connection was lost")
                }
            }
        }
    }

    /// Fills the provider's window with requests.
    private func pump(_ connection: PeerConnection) {
        while let index = state.withLock({ $0.outcome == nil ? $0.plan.next(for: connection.peer) : nil }) {
            request(index, connection)
        }
    }

    private func request(_ index: Int, _ connection: PeerConnection) {
        var message = PeerPBReadBlock()
        message.blob = id.bytes
        message.index = UInt32(index)
        guard let body = try? message.serializedBytes() as [UInt8] else { return }
        connection.request(.readBlock, ByteBuffer(bytes: body), timeout: environment.settings.blockTimeout)
            .whenComplete { result in
                switch result {
                case .success(let frame) where frame.type == .block: self.receive(index, frame.body, connection)
                case .success(let frame):
                    self.drop(connection.peer, .corrupt, reason: "answered a block request with \(frame.type)")
                case .failure(let error): self.drop(connection.peer, .unavailable, reason: "\(error)")
                }
            }
    }

    /// Runs on the loop that read the block: hashing it here costs less than a hop.
    private func receive(_ index: Int, _ bytes: ByteBuffer, _ connection: PeerConnection) {
        guard bytes.isBlock(index, of: byteCount, value: blockValues[index]) else {
            environment.metrics.corruptBlocks.increment()
            environment.logger.warning(
                "a peer sent a corrupted block; its blocks are asked of others",
                metadata: ["peer": "\(connection.peer)", "blob": "\(id)", "block": "\(index)"])
            return drop(connection.peer, .corrupt, reason: "sent a corrupted block")
        }
        install(index, bytes, connection)
    }

    /// Takes a block that was verified.
    func install(_ index: Int, _ bytes: ByteBuffer, _ connection: PeerConnection) {
        environment.metrics.fetchedBytes.increment(by: Int64(bytes.readableBytes))
        connection.eventLoop.makeFutureWithTask { try await self.assembly.write(block: index, bytes) }
            .whenComplete { result in
                switch result {
                case .success: self.complete(index, bytes, connection)
                case .failure(let error): self.end(.failure(error))
                }
            }
    }

    private func complete(_ index: Int, _ bytes: ByteBuffer, _ connection: PeerConnection) {
        let (waiters, isComplete) = state.withLock { state in
            state.plan.onBlock(index, from: connection.peer)
            return (state.waiters.removeValue(forKey: index) ?? [], state.plan.isComplete && state.outcome == nil)
        }
        for waiter in waiters { waiter.succeed(bytes) }
        if isComplete { finish() } else { pump(connection) }
    }

    private func finish() {
        environment.group.next().makeFutureWithTask { try await self.assembly.finish() }
            .whenComplete { self.end($0) }
    }

    private func end(_ outcome: Result<Void, any Error>) {
        let (isFirst, waiters, finishers) = state.withLock { state in
            guard state.outcome == nil else {
                return (false, [EventLoopPromise<ByteBuffer>](), [EventLoopPromise<Void>]())
            }
            state.outcome = outcome
            defer {
                state.waiters.removeAll()
                state.finishers.removeAll()
            }
            return (true, state.waiters.values.flatMap { $0 }, state.finishers)
        }
        guard isFirst else { return }
        if case .failure(let error) = outcome {
            assembly.cancel()
            for waiter in waiters { waiter.fail(error) }
        }
        for finisher in finishers { finisher.completeWith(outcome) }
    }

    // MARK: Losing providers

    private func drop(_ provider: NodeID, _ failure: FetchPlan.Failure, reason: String) {
        let (wasUsed, others) = state.withLock { state in
            if failure == .corrupt { state.banned.insert(provider) }
            let wasUsed = state.plan.onFailure(from: provider, failure)
            return (wasUsed && state.outcome == nil, state.plan.liveProviders)
        }
        guard wasUsed else { return }
        environment.logger.debug(
            "lost a provider", metadata: ["peer": "\(provider.short)", "blob": "\(id)", "reason": "\(reason)"])
        if others.isEmpty { search() } else { pumpAll(others) }
    }

    /// Looks for providers again after all were lost.
    private func search() {
        let starts = state.withLock { state in
            defer { state.isSearching = true }
            return !state.isSearching && state.outcome == nil
        }
        guard starts else { return }
        environment.group.next().makeFutureWithTask { try await self.searchUntilFound() }.whenComplete { result in
            self.state.withLock { $0.isSearching = false }
            if case .failure(let error) = result { self.end(.failure(error)) }
        }
    }

    private func searchUntilFound() async throws {
        let deadline = NIODeadline.now() + environment.settings.searchTimeout
        while NIODeadline.now() < deadline {
            let banned = state.withLock { state in
                state.plan.forgive(except: state.banned)
                return state.banned
            }
            var isFound = false
            for await (connection, size) in environment.locate(id) where size == byteCount {
                if !banned.contains(connection.peer) {
                    isFound = true
                    add(connection)
                }
            }
            if isFound { return }
            try await Task.sleep(for: .nanoseconds(environment.settings.searchInterval.nanoseconds))
        }
        let banned = state.withLock { $0.banned.count }
        throw banned > 0
            ? ExchangeError(.corrupt, "\(banned) nodes sent damaged blocks of \(id) and no other has it")
            : ExchangeError(.unavailable, "All nodes that had \(id) were lost; try again when one is back")
    }
}

extension ByteBuffer {
    /// Whether the readable bytes are block `index` of a blob of `byteCount` bytes, by the block's chaining value.
    func isBlock(_ index: Int, of byteCount: Int, value: Digest) -> Bool {
        readableBytes == BlockTree.blockLength(index, byteCount: byteCount)
            && withUnsafeReadableBytes { BlockTree.blockValue($0, index: index, byteCount: byteCount) == value }
    }
}
