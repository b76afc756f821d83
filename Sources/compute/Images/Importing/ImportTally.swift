import Synchronization

/// Counts what an import moves.
final class ImportTally: Sendable {
    private let state: Mutex<ImageImporter.Progress>
    private let progress: @Sendable (ImageImporter.Progress) -> Void

    init(totalBytes: Int, _ progress: @escaping @Sendable (ImageImporter.Progress) -> Void) {
        state = Mutex(.init(readBytes: 0, totalBytes: totalBytes, storedBytes: 0))
        self.progress = progress
    }

    var storedBytes: Int { state.withLock { $0.storedBytes } }

    func read(_ count: Int) { update { $0.readBytes += count } }

    func stored(_ count: Int) { update { $0.storedBytes += count } }

    private func update(_ change: (inout ImageImporter.Progress) -> Void) {
        let now = state.withLock { state in
            change(&state)
            return state
        }
        progress(now)
    }
}
