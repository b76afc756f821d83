import Functions
import NIOCore
import Streams
import Synchronization

/// A call's body as a sequence of its parts. Made for one reading.
///
/// When the iterator goes away before the end, the body is stopped, so that the function does not send for nobody.
struct BodyParts: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    /// Whether reading has begun, so that the body cannot be read again.
    let hasBegun = Flag()
    private let body: FunctionBody

    init(_ body: FunctionBody) { self.body = body }

    func makeAsyncIterator() -> Iterator {
        hasBegun.set()
        return Iterator(body)
    }

    final class Iterator: AsyncIteratorProtocol {
        private var whole: ByteBuffer?
        private let stream: ByteStream?

        init(_ body: FunctionBody) {
            switch body {
            case .bytes(let bytes):
                whole = bytes.readableBytes > 0 ? bytes : nil
                stream = nil
            case .stream(let stream):
                whole = nil
                self.stream = stream
            }
        }

        deinit { stream?.stop() }

        func next() async throws -> ByteBuffer? {
            if let stream { return try await stream.next() }
            defer { whole = nil }
            return whole
        }
    }

    /// Something that happens once.
    final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .acquiring) }
        func set() { value.store(true, ordering: .releasing) }
    }
}
