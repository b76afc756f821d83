import Dispatch
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Standard input, read by a thread of its own: reading it blocks.
final class InputPump: Sendable {
    private static let chunk = 32 << 10

    /// What is read, until its end. After each piece ``took()`` must be called.
    let pieces: AsyncStream<Data>
    private let continuation: AsyncStream<Data>.Continuation
    private let taken = DispatchSemaphore(value: 0)

    init() { (pieces, continuation) = AsyncStream.makeStream() }

    func begin() {
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: InputPump.chunk)
            while true {
                let count = read(STDIN_FILENO, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                continuation.yield(Data(buffer[..<count]))
                taken.wait()
            }
            continuation.finish()
        }
    }

    /// The last piece was taken, and the next one may be read.
    func took() { taken.signal() }
}
