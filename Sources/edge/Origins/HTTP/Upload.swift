import NIOCore
import Streams
import Synchronization

/// A request's body for the HTTP client; read once.
final class Upload: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    private let stream: ByteStream
    /// Bytes that come; nil if nobody knows.
    let length: Int64?
    private struct State {
        var hasBegun = false
        var onProgress: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    init(_ body: OriginRequest.Body) {
        stream = body.stream
        length = body.length
    }

    /// Whether an origin may have seen something of it.
    var hasBegun: Bool { state.withLock { $0.hasBegun } }

    /// Hears of each part that is taken.
    func onProgress(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onProgress = body } }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate let upload: Upload

        func next() async throws -> ByteBuffer? { try await upload.next() }
    }

    func makeAsyncIterator() -> Iterator { Iterator(upload: self) }

    private func next() async throws -> ByteBuffer? {
        let progress = state.withLock { state in
            state.hasBegun = true
            return state.onProgress
        }
        progress?()
        return try await stream.next()
    }
}
