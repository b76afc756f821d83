import BlobStore
import NIOCore
import Streams
import Synchronization

/// A body that arrives once and is read by many, each at a pace of its own.
///
/// The last ``tailBytes`` stay in memory; what is older is read back from the ingest that stores it. Without an ingest
/// the producer waits for the slowest reader instead, and a reader that does not move for ``patience`` is let go.
/// Memory: the tail, and up to ``readerBytes`` for each reader. Any thread.
final class Spool: Sendable {
    /// Bytes kept in memory for readers that keep up.
    static let tailBytes = 1 << 20
    /// Bytes that one reader may have waiting.
    static let readerBytes = 256 << 10
    /// Read back from the disk at once.
    static let pieceBytes = 128 << 10
    /// How long a reader may stand still while others wait for it.
    static let patience = Duration.seconds(30)

    /// The reader was too slow for a body that is not stored.
    struct TooSlow: Error {}

    fileprivate struct Reader {
        /// Whoever reads holds the stream, and that holds the spool.
        weak var stream: ByteStream?
        var position: Int
        let end: Int?
        var isPumping = false
        var again = false
    }

    fileprivate struct State {
        var tail: [(start: Int, bytes: ByteBuffer)] = []
        var tailCount = 0
        var byteCount = 0
        var end: Result<Void, any Error>?
        var readers: [Int: Reader] = [:]
        var lastReader = 0
        var ingest: BlobIngest?
        /// Bytes that the ingest has taken and gives back.
        var stored = 0
        /// How far a reader on another node is.
        var remote: Int?
        var waiting: CheckedContinuation<Void, Never>?
        var watchers: [CheckedContinuation<Void, Never>] = []
    }

    private enum Step {
        case give(ByteBuffer)
        case read(BlobIngest, at: Int, upTo: Int)
        case end(Result<Void, any Error>)
        case rest
    }

    private let state: Mutex<State>
    private let patience: Duration

    /// - Parameter patience: See ``patience``.
    init(ingest: BlobIngest?, patience: Duration = Spool.patience) {
        var first = State()
        first.ingest = ingest
        state = Mutex(first)
        self.patience = patience
    }

    /// Bytes that have arrived.
    var byteCount: Int { state.withLock { $0.byteCount } }

    /// Whether all has arrived, or no more will.
    var isOver: Bool { state.withLock { $0.end != nil } }

    /// Whether somebody reads it.
    var isWanted: Bool { state.withLock { !$0.readers.isEmpty || $0.remote != nil } }

    /// Another node will read it piece by piece, from a position on.
    func expectRemote(at offset: Int) { state.withLock { $0.remote = max($0.remote ?? 0, offset) } }

    // MARK: Producer

    /// Adds bytes, and hands them to the ingest if there is one. Returns when there is room for more.
    ///
    /// - Returns: Why they could not be stored, the first time; the body goes on without.
    func write(_ bytes: ByteBuffer) async -> (any Error)? {
        guard bytes.readableBytes > 0 else { return nil }
        let ingest = state.withLock { state -> BlobIngest? in
            state.tail.append((state.byteCount, bytes))
            state.tailCount += bytes.readableBytes
            state.byteCount += bytes.readableBytes
            return state.stored >= 0 ? state.ingest : nil
        }
        pumpAll()
        var failure: (any Error)?
        if let ingest {
            do {
                try await ingest.write(bytes)
                state.withLock { $0.stored += bytes.readableBytes }
            } catch {
                failure = error
                state.withLock { $0.stored = -1 }
            }
        }
        await settle()
        return failure
    }

    /// All has arrived, or no more will.
    func finish(_ result: Result<Void, any Error>) {
        let watchers = state.withLock { state in
            state.end = state.end ?? result
            defer { state.watchers = [] }
            return state.watchers
        }
        for watcher in watchers { watcher.resume() }
        pumpAll()
    }

    /// Trims the tail; where nothing is stored, waits for readers first.
    private func settle() async {
        let deadline = ContinuousClock.now + patience
        while true {
            let isFree = state.withLock { state in
                state.trim()
                return state.tailCount <= Spool.tailBytes || state.readers.isEmpty || state.end != nil
            }
            if isFree { return }
            if ContinuousClock.now >= deadline { return dropSlowest() }
            let timer = Task {
                try? await Task.sleep(for: .seconds(1))
                self.state.withLock { $0.waiting.take() }?.resume()
            }
            await withCheckedContinuation { continuation in
                let isMoved = state.withLock { state in
                    state.trim()
                    if state.tailCount <= Spool.tailBytes || state.readers.isEmpty { return true }
                    state.waiting = continuation
                    return false
                }
                if isMoved { continuation.resume() }
            }
            timer.cancel()
        }
    }

    private func dropSlowest() {
        let slow = state.withLock { state -> [ByteStream] in
            let edge = state.byteCount - Spool.tailBytes
            let slow = state.readers.filter { $0.value.position < edge }
            for id in slow.keys { state.readers[id] = nil }
            state.trim()
            return slow.values.compactMap(\.stream)
        }
        for stream in slow { stream.fail(TooSlow()) }
    }

    // MARK: Readers

    /// A reader of the bytes from `start` to `end` (nil: to wherever the body ends).
    func read(from start: Int = 0, to end: Int? = nil) -> ByteStream? {
        let id = state.withLock { state -> Int in
            state.lastReader += 1
            return state.lastReader
        }
        let stream = ByteStream(
            window: Spool.readerBytes, onTake: { [self] _ in pump(id) }, onStop: { [self] in leave(id) })
        let isIn = state.withLock { state -> Bool in
            guard start >= (state.stored >= 0 && state.ingest != nil ? 0 : state.tail.first?.start ?? state.byteCount)
            else { return false }
            state.readers[id] = Reader(stream: stream, position: start, end: end)
            return true
        }
        guard isIn else { return nil }
        pump(id)
        return stream
    }

    /// Bytes from `offset` on, as soon as there are some; with how the body ended if they are the last ones. For one
    /// reader at a time, whose place in the body is `offset`.
    func piece(at offset: Int, upTo count: Int) async throws -> (ByteBuffer, Result<Void, any Error>?) {
        enum Found {
            case bytes(ByteBuffer)
            case stored(BlobIngest, Int)
            case nothing
        }
        await wait(beyond: offset)
        let (found, total, end, waiting) = state.withLock { state in
            let limit = min(state.byteCount, offset + count)
            var found = Found.nothing
            if offset < limit {
                if let bytes = state.slice(offset, limit) {
                    found = .bytes(bytes)
                } else if let ingest = state.ingest {
                    found = .stored(ingest, limit - offset)
                }
            }
            state.remote = max(state.remote ?? 0, offset)
            return (found, state.byteCount, state.end, state.takeWaiting())
        }
        waiting?.resume()
        var bytes = ByteBuffer()
        switch found {
        case .bytes(let slice): bytes = slice
        case .stored(let ingest, let count): bytes = try await ingest.read(at: offset, upTo: count)
        case .nothing: if offset < total { throw TooSlow() }
        }
        return (bytes, offset + bytes.readableBytes >= total ? end : nil)
    }

    /// For a body that is not stored: returns when its readers have taken most of what is here. One on another node that
    /// stands still is not waited for again.
    ///
    /// - Throws: `ByteStream.Stopped` when nobody reads it.
    func waitForReaders() async throws {
        if !(await holdBack()) { state.withLock { $0.remote = nil } }
        guard isWanted else { throw ByteStream.Stopped() }
    }

    /// Waits until a remote reader of a body that is not stored has taken most of what is here.
    ///
    /// - Returns: False if it has not within ``patience``.
    func holdBack() async -> Bool {
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            let isFar = state.withLock { $0.isFarAhead && $0.end == nil }
            if !isFar { return true }
            await withCheckedContinuation { continuation in
                let timer = Task {
                    try? await Task.sleep(for: .milliseconds(200))
                    self.state.withLock { $0.waiting.take() }?.resume()
                }
                let isNear = state.withLock { state in
                    if !state.isFarAhead { return true }
                    state.waiting = continuation
                    return false
                }
                if isNear {
                    timer.cancel()
                    continuation.resume()
                }
            }
        }
        return false
    }

    /// Returns when there are bytes behind `offset`, or none will come.
    func wait(beyond offset: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.byteCount > offset || state.end != nil { return true }
                state.watchers.append(continuation)
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    private func leave(_ id: Int) {
        let waiting = state.withLock { state in
            state.readers.removeValue(forKey: id) == nil ? nil : state.waiting.take()
        }
        waiting?.resume()
    }

    private func pumpAll() {
        let (ids, watchers) = state.withLock { state -> ([Int], [CheckedContinuation<Void, Never>]) in
            defer { state.watchers = [] }
            return (Array(state.readers.keys), state.watchers)
        }
        for watcher in watchers { watcher.resume() }
        for id in ids { pump(id) }
    }

    /// Gives a reader what it may have. One pump at a time for each reader, so that bytes stay in order.
    private func pump(_ id: Int) {
        let stream = state.withLock { state -> ByteStream? in
            guard let reader = state.readers[id], let stream = reader.stream else { return nil }
            if reader.isPumping {
                state.readers[id]?.again = true
                return nil
            }
            state.readers[id]?.isPumping = true
            return stream
        }
        guard let stream else { return }
        while true {
            switch next(id, stream.bufferedBytes) {
            case .give(let bytes): stream.append(bytes)
            case .read(let ingest, let offset, let count):
                Task { await self.readBack(id, stream, ingest, at: offset, upTo: count) }
                return
            case .end(let result):
                switch result {
                case .success: stream.finish()
                case .failure(let error): stream.fail(error)
                }
                return
            case .rest: return
            }
        }
    }

    private func next(_ id: Int, _ buffered: Int) -> Step {
        let (step, waiting) = state.withLock { state -> (Step, CheckedContinuation<Void, Never>?) in
            guard let reader = state.readers[id] else { return (.rest, nil) }
            state.readers[id]?.again = false
            let limit = min(reader.end ?? .max, state.byteCount)
            if reader.position < limit, buffered < Spool.readerBytes {
                if let bytes = state.slice(reader.position, limit) {
                    state.readers[id]?.position += bytes.readableBytes
                    return (.give(bytes), state.takeWaiting())
                }
                guard let ingest = state.ingest else {
                    state.readers[id] = nil
                    return (.end(.failure(TooSlow())), state.takeWaiting())
                }
                let count = min(Spool.pieceBytes, limit - reader.position)
                return (.read(ingest, at: reader.position, upTo: count), nil)
            }
            if let end = reader.end, reader.position >= end {
                state.readers[id] = nil
                return (.end(.success(())), state.takeWaiting())
            }
            if let end = state.end, reader.position >= state.byteCount {
                state.readers[id] = nil
                return (.end(end), state.takeWaiting())
            }
            if reader.again { return (.give(ByteBuffer()), nil) }
            state.readers[id]?.isPumping = false
            return (.rest, nil)
        }
        waiting?.resume()
        return step
    }

    private func readBack(_ id: Int, _ stream: ByteStream, _ ingest: BlobIngest, at offset: Int, upTo count: Int) async
    {
        do {
            let bytes = try await ingest.read(at: offset, upTo: count)
            guard bytes.readableBytes > 0 else { throw TooSlow() }
            stream.append(bytes)
            // Only now may others add to the stream.
            state.withLock { state in
                state.readers[id]?.position += bytes.readableBytes
                state.readers[id]?.isPumping = false
            }
            pump(id)
        } catch {
            state.withLock { $0.readers[id] = nil }
            stream.fail(error)
        }
    }
}

extension Spool.State {
    /// Drops from the tail what memory has no room for, if it is stored or nobody wants it.
    fileprivate mutating func trim() {
        let slowest = readers.values.map(\.position).min() ?? byteCount
        while tailCount > Spool.tailBytes, let first = tail.first {
            let end = first.start + first.bytes.readableBytes
            guard (stored >= end && ingest != nil) || slowest >= end else { return }
            tailCount -= first.bytes.readableBytes
            tail.removeFirst()
        }
    }

    /// Bytes of the tail from `position` on; nil if they are not there any more.
    fileprivate func slice(_ position: Int, _ limit: Int) -> ByteBuffer? {
        guard let first = tail.first, position >= first.start else { return nil }
        // The tail has few parts, and readers are mostly at its end.
        guard let part = tail.last(where: { $0.start <= position }) else { return nil }
        let skipped = position - part.start
        let count = min(part.bytes.readableBytes - skipped, limit - position)
        guard count > 0 else { return nil }
        return part.bytes.getSlice(at: part.bytes.readerIndex + skipped, length: count)
    }

    /// Whether a remote reader has much to read still.
    fileprivate var isFarAhead: Bool { remote.map { byteCount - $0 > Spool.tailBytes / 2 } ?? false }

    fileprivate mutating func takeWaiting() -> CheckedContinuation<Void, Never>? { waiting.take() }
}
