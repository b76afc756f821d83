import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Standard input, read ahead by a thread of its own: reading it blocks.
final class InputPump: Sendable {
    private static let most = 256 << 10

    private struct State {
        var bytes = Data()
        var hasEnded = false
        var wasTaken = false
    }

    private let state = Mutex(State())

    func begin() {
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 16 << 10)
            while true {
                let count = read(STDIN_FILENO, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                state.withLock { $0.bytes.append(contentsOf: buffer[..<count]) }
                while state.withLock({ $0.bytes.count > InputPump.most }) { usleep(5_000) }
            }
            state.withLock { $0.hasEnded = true }
        }
    }

    /// Whether there may be more input, so that nobody should wait for long for something else.
    var isWaiting: Bool { state.withLock { !$0.wasTaken } }

    /// What came since the last call, and, once, that nothing comes any more.
    func take(_ limit: Int) -> (bytes: Data, hasEnded: Bool) {
        state.withLock { state in
            let bytes = Data(state.bytes.prefix(limit))
            state.bytes = Data(state.bytes.dropFirst(bytes.count))
            let isLast = state.hasEnded && state.bytes.isEmpty && !state.wasTaken
            if isLast { state.wasTaken = true }
            return (bytes, isLast)
        }
    }
}
