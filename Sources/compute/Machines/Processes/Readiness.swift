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
            /// Sources that are not gone yet.
            var left = 0
            var continuation: CheckedContinuation<Void, Never>?
            var isOver = false
        }
        let state = Mutex(State())

        /// Ends the wait, which is over when all sources are gone.
        func finish() {
            let sources = state.withLock { state in
                state.isOver = true
                defer { state.sources = [] }
                return state.sources
            }
            for source in sources { source.value.cancel() }
        }

        func begin(_ sources: [Source], _ continuation: CheckedContinuation<Void, Never>) {
            let isOver = state.withLock { state in
                state.left = sources.count
                state.continuation = continuation
                if !state.isOver { state.sources = sources }
                return state.isOver
            }
            for source in sources { source.value.activate() }
            if isOver { for source in sources { source.value.cancel() } }
        }

        func sourceIsGone() {
            let continuation = state.withLock { state in
                state.left -= 1
                guard state.left == 0 else { return nil as CheckedContinuation<Void, Never>? }
                defer { state.continuation = nil }
                return state.continuation
            }
            continuation?.resume()
        }
    }

    private static let queue = DispatchQueue(label: "skerry.machines.readiness")

    /// Returns when one of `reading` can be read (or has ended), or `writing` can be written, or `limit` is over, or the
    /// task is cancelled. That a pipe's reader has gone is not noticed while the pipe is full.
    ///
    /// The descriptors must be open and stay so until then; afterwards nothing here knows of them, and they may be closed.
    static func wait(reading: [Descriptor], writing: Descriptor? = nil, atMost limit: Duration? = nil) async {
        let waiting = Waiting()
        let alarm = limit.map { limit in
            Task {
                guard (try? await Task.sleep(for: limit)) != nil else { return }
                waiting.finish()
            }
        }
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
                    source.setCancelHandler { withExtendedLifetime(owners) { waiting.sourceIsGone() } }
                }
                waiting.begin(sources.map(Source.init), continuation)
            }
        } onCancel: {
            waiting.finish()
        }
        alarm?.cancel()
    }
}
