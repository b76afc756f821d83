import NIOCore
import Streams
import Synchronization

/// A body that a task writes at the reader's pace.
enum Pump {
    /// Starts `fill`; when the reader stops, its task is cancelled. What it throws fails the body.
    ///
    /// - Parameters:
    ///   - window: Bytes that wait for the reader.
    ///   - ended: Runs before the reader sees the end: with nil when all came, or when nobody wanted the rest.
    static func start(
        window: Int = 256 << 10, ended: @escaping @Sendable (OriginError?) -> Void,
        _ fill: @escaping @Sendable (ByteStream) async throws -> Void
    ) -> ByteStream {
        let cancellation = Cancellation()
        let stream = ByteStream(window: window, onStop: { cancellation.cancel() })
        let task = Task {
            do {
                try await fill(stream)
                ended(nil)
                stream.finish()
            } catch {
                let known = OriginError.from(error)
                ended(known.code == .cancelled ? nil : known)
                stream.fail(known)
            }
        }
        cancellation.onCancel { task.cancel() }
        return stream
    }

    /// A body of bytes that are there.
    static func body(of bytes: ByteBuffer) -> ByteStream {
        let stream = ByteStream()
        stream.append(bytes)
        stream.finish()
        return stream
    }

    /// A body without bytes.
    static func empty() -> ByteStream { body(of: ByteBuffer()) }
}

extension OriginError {
    /// An error as one of this room.
    static func from(_ error: any Error) -> OriginError {
        switch error {
        case let known as OriginError: known
        case is CancellationError, is ByteStream.Stopped:
            OriginError(.cancelled, "nobody waits for the origin's answer any more")
        default: OriginError(.unreachable, "the origin cannot be read: \(error); look at the node's log")
        }
    }
}

/// The end of an attempt's body, held back until it is clear whether the attempt is the answer.
final class EndRelay: Sendable {
    private enum State {
        case waiting
        case ended(OriginError?)
        case chosen(@Sendable (OriginError?) -> Void)
        case over
    }

    private let state = Mutex(State.waiting)

    /// The attempt's body is over.
    func report(_ error: OriginError?) {
        let listener = state.withLock { state -> (@Sendable (OriginError?) -> Void)? in
            switch state {
            case .waiting: state = .ended(error)
            case .chosen(let listener):
                state = .over
                return listener
            case .ended, .over: break
            }
            return nil
        }
        listener?(error)
    }

    /// The attempt is the answer: `listener` hears of its end, at once if it is over.
    func choose(_ listener: @escaping @Sendable (OriginError?) -> Void) {
        let past = state.withLock { state -> OriginError?? in
            switch state {
            case .ended(let error):
                state = .over
                return .some(error)
            case .waiting: state = .chosen(listener)
            case .chosen, .over: break
            }
            return .none
        }
        if case .some(let error) = past { listener(error) }
    }
}
