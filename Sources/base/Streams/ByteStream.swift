public import NIOCore
import Synchronization

/// The bytes of a body on their way from one producer to one consumer.
///
/// Holds what the producer added and the consumer has not taken. A producer that waits in ``write(_:)`` keeps that
/// within the window; one that uses ``append(_:)`` keeps to a window of its own by what `onTake` tells it. Any thread.
/// A stream that nobody holds any more has stopped.
public final class ByteStream: Sendable {
    /// The consumer wants no more.
    public struct Stopped: Error {
        /// Says so.
        public init() {}
    }

    /// There is more than ``collect(limit:)`` may take.
    public struct TooLarge: Error {
        /// The limit in bytes.
        public let limit: Int
        /// Says so.
        public init(limit: Int) { self.limit = limit }
    }

    private enum Waiter {
        case promise(EventLoopPromise<ByteBuffer?>)
        case continuation(CheckedContinuation<ByteBuffer?, any Error>)

        func resolve(_ result: Result<ByteBuffer?, any Error>) {
            switch self {
            case .promise(let promise): promise.completeWith(result)
            case .continuation(let continuation): continuation.resume(with: result)
            }
        }
    }

    private struct State {
        var parts: [ByteBuffer] = []
        var first = 0
        var byteCount = 0
        var end: Result<Void, any Error>?
        var isStopped = false
        var consumer: Waiter?
        var onOver: [@Sendable () -> Void] = []
        var producer: CheckedContinuation<Void, Never>?

        mutating func take() -> Result<ByteBuffer?, any Error>? {
            if isStopped { return .failure(Stopped()) }
            if first < parts.count {
                let part = parts[first]
                parts[first] = ByteBuffer()
                first += 1
                if first == parts.count {
                    parts.removeAll(keepingCapacity: true)
                    first = 0
                }
                if first >= ByteStream.maxSmallParts, 2 * first >= parts.count {
                    parts.removeFirst(first)
                    first = 0
                }
                byteCount -= part.readableBytes
                return .success(part)
            }
            return end.map { $0.map { nil } }
        }

        mutating func add(_ bytes: ByteBuffer) {
            byteCount += bytes.readableBytes
            if parts.count - first >= ByteStream.maxSmallParts, let last = parts.indices.last,
                parts[last].readableBytes + bytes.readableBytes <= ByteStream.gatheredBytes
            {
                parts[last].writeImmutableBuffer(bytes)
            } else {
                parts.append(bytes)
            }
        }

        mutating func takeOnOver() -> [@Sendable () -> Void] {
            defer { onOver = [] }
            return onOver
        }
    }

    /// Parts that wait as they came. Behind them small ones are gathered: a part of one byte takes a hundred.
    static let maxSmallParts = 64
    /// How large a part gets by gathering: 64 KiB.
    static let gatheredBytes = 64 << 10

    private let state = Mutex(State())
    private let window: Int
    private let onTake: (@Sendable (Int) -> Void)?
    private let onStop: (@Sendable () -> Void)?

    /// Starts empty.
    ///
    /// - Parameters:
    ///   - window: Bytes that ``write(_:)`` lets wait.
    ///   - onTake: Hears how many bytes the consumer took, each time.
    ///   - onStop: Hears once that the consumer wants no more; not after the end.
    public init(
        window: Int = 256 << 10, onTake: (@Sendable (Int) -> Void)? = nil, onStop: (@Sendable () -> Void)? = nil
    ) {
        self.window = window
        self.onTake = onTake
        self.onStop = onStop
    }

    deinit { stop() }

    /// Bytes that wait for the consumer.
    public var bufferedBytes: Int { state.withLock { $0.byteCount } }

    /// Places for parts, those that were taken included.
    var partCount: Int { state.withLock { $0.parts.count } }

    /// Whether the body ended well and all of it was taken.
    public var isFinished: Bool {
        state.withLock { state in
            if case .success = state.end { !state.isStopped && state.first == state.parts.count } else { false }
        }
    }

    // MARK: Producer

    /// Adds bytes; does nothing after the end or when the consumer stopped.
    public func append(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        let taken = state.withLock { state -> (Waiter, Int)? in
            guard state.end == nil, !state.isStopped else { return nil }
            if let consumer = state.consumer.take() { return (consumer, bytes.readableBytes) }
            state.add(bytes)
            return nil
        }
        guard let (consumer, count) = taken else { return }
        onTake?(count)
        consumer.resolve(.success(bytes))
    }

    /// Adds bytes and waits until the window has room again.
    ///
    /// - Throws: ``Stopped`` when the consumer wants no more; `CancellationError`.
    public func write(_ bytes: ByteBuffer) async throws {
        append(bytes)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.byteCount < window || state.isStopped || state.end != nil || Task.isCancelled {
                        return true
                    }
                    state.producer = continuation
                    return false
                }
                if isFree { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.producer.take() }?.resume()
        }
        if state.withLock({ $0.isStopped }) { throw Stopped() }
        try Task.checkCancellation()
    }

    /// The body is complete.
    public func finish() { end(.success(())) }

    /// The rest cannot be had; the consumer gets `error` after what is there.
    public func fail(_ error: any Error) { end(.failure(error)) }

    private func end(_ end: Result<Void, any Error>) {
        let (consumer, onOver) = state.withLock { state -> (Waiter?, [@Sendable () -> Void]) in
            guard state.end == nil else { return (nil, []) }
            state.end = end
            return (state.consumer.take(), state.takeOnOver())
        }
        for body in onOver { body() }
        consumer?.resolve(end.map { nil })
    }

    /// Runs `body` once when the producer has ended or the consumer wants no more, at once if that is so already. All
    /// that are given run, in their order: a stream may pass several that each count it.
    public func whenOver(_ body: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if state.end != nil || state.isStopped { return true }
            state.onOver.append(body)
            return false
        }
        if isLate { body() }
    }

    // MARK: Consumer

    /// The next bytes, never empty; nil at the end. One call at a time.
    ///
    /// - Throws: Why the rest cannot be had; ``Stopped`` after ``stop()`` or when the task is cancelled.
    public func next() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait(.continuation($0)) }
        } onCancel: {
            stop()
        }
    }

    /// As ``next()-()``, delivered on `eventLoop`.
    public func next(on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer?> {
        let promise = eventLoop.makePromise(of: ByteBuffer?.self)
        wait(.promise(promise))
        return promise.futureResult
    }

    /// What is there already, without waiting: the next bytes, if any, and whether the body ends well behind them. Not while
    /// ``next()-()`` waits.
    public func takeReady() -> (bytes: ByteBuffer?, isLast: Bool) {
        typealias Step = (part: ByteBuffer?, isLast: Bool, producer: CheckedContinuation<Void, Never>?)
        let (part, isLast, producer) = state.withLock { state -> Step in
            guard !state.isStopped, state.consumer == nil else { return (nil, false, nil) }
            let part: ByteBuffer? = state.first < state.parts.count ? (try? state.take()?.get()) ?? nil : nil
            let isLast = if case .success = state.end { state.first == state.parts.count } else { false }
            return (part, isLast, part != nil && state.byteCount < window ? state.producer.take() : nil)
        }
        producer?.resume()
        if let part { onTake?(part.readableBytes) }
        return (part, isLast)
    }

    /// Wants no more: what is there is dropped, and the producer hears of it.
    public func stop() {
        typealias Step = (
            consumer: Waiter?, producer: CheckedContinuation<Void, Never>?, onOver: [@Sendable () -> Void],
            isNews: Bool
        )
        let (consumer, producer, onOver, isNews) = state.withLock { state -> Step in
            let isNews = !state.isStopped && state.end == nil
            state.isStopped = true
            state.parts = []
            state.first = 0
            state.byteCount = 0
            return (state.consumer.take(), state.producer.take(), state.takeOnOver(), isNews)
        }
        for body in onOver { body() }
        consumer?.resolve(.failure(Stopped()))
        producer?.resume()
        if isNews { onStop?() }
    }

    /// Everything to the end.
    ///
    /// - Throws: ``TooLarge`` beyond `limit` bytes; why the rest cannot be had.
    public func collect(limit: Int) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        while let part = try await next() {
            guard whole.readableBytes + part.readableBytes <= limit else {
                stop()
                throw TooLarge(limit: limit)
            }
            whole.writeImmutableBuffer(part)
        }
        return whole
    }

    private func wait(_ waiter: Waiter) {
        typealias Step = (result: Result<ByteBuffer?, any Error>?, producer: CheckedContinuation<Void, Never>?)
        let (result, producer) = state.withLock { state -> Step in
            guard let result = state.take() else {
                // A second consumer would never be answered.
                if state.consumer != nil { return (.failure(Stopped()), nil) }
                state.consumer = waiter
                return (nil, nil)
            }
            return (result, state.byteCount < window ? state.producer.take() : nil)
        }
        producer?.resume()
        guard let result else { return }
        if case .success(let part?) = result { onTake?(part.readableBytes) }
        waiter.resolve(result)
    }
}
