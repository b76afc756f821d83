import Dispatch
import Synchronization

/// Waits for descriptors without holding a thread.
enum Readiness {
    /// Dispatch's objects may be used from any thread; only their type does not say so.
    private struct Source: @unchecked Sendable {
        let value: any DispatchSourceProtocol
    }

    private final class Waiting: Sendable {
        struct State {
            var sources: [Source] = []
            var continuation: CheckedContinuation<Void, Never>?
            var isOver = false
        }
        let state = Mutex(State())

        func finish() {
            let (sources, continuation) = state.withLock { state in
                defer {
                    state.sources = []
                    state.continuation = nil
                    state.isOver = true
                }
                return (state.sources, state.continuation)
            }
            for source in sources { source.value.cancel() }
            continuation?.resume()
        }

        func begin(_ sources: [Source], _ continuation: CheckedContinuation<Void, Never>) {
            let isOver = state.withLock { state in
                if !state.isOver {
                    state.sources = sources
                    state.continuation = continuation
                }
                return state.isOver
            }
            for source in sources { source.value.activate() }
            if isOver {
                for source in sources { source.value.cancel() }
                continuation.resume()
            }
        }
    }

    private static let queue = DispatchQueue(label: "skerry.machines.readiness")

    /// Returns when one of `reading` can be read (or has ended), or `writing` can be written, or the task is cancelled.
    /// The descriptors must stay open until then, which `withExtendedLifetime` of their owners sees to.
    static func wait(reading: [Descriptor], writing: Descriptor? = nil) async {
        let waiting = Waiting()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                var sources: [any DispatchSourceProtocol] = reading.map {
                    DispatchSource.makeReadSource(fileDescriptor: $0.number, queue: queue)
                }
                if let writing {
                    sources.append(DispatchSource.makeWriteSource(fileDescriptor: writing.number, queue: queue))
                }
                let owners = reading + (writing.map { [$0] } ?? [])
                for source in sources {
                    source.setEventHandler { waiting.finish() }
                    // A descriptor may be closed only when its source is gone.
                    source.setCancelHandler { withExtendedLifetime(owners) {} }
                }
                waiting.begin(sources.map(Source.init), continuation)
            }
        } onCancel: {
            waiting.finish()
        }
    }
}
