import BlobStore
import Synchronization

/// Failures of a disk that a test switches on and off.
final class ManualFaults: Sendable {
    typealias Rule = @Sendable (String) -> CInt?

    private struct Rules {
        var reading: Rule = { _ in nil }
        var writing: Rule = { _ in nil }
        var writingDirectly: Rule = { _ in nil }
    }

    private let rules = Mutex(Rules())

    var faults: DiskFaults {
        var faults = DiskFaults()
        faults.reading = { [self] path in rules.withLock { $0.reading }(path) }
        faults.writing = { [self] path in rules.withLock { $0.writing }(path) }
        faults.writingDirectly = { [self] path in rules.withLock { $0.writingDirectly }(path) }
        return faults
    }

    func onReading(_ rule: @escaping Rule) { rules.withLock { $0.reading = rule } }
    func onWriting(_ rule: @escaping Rule) { rules.withLock { $0.writing = rule } }
    func onWritingDirectly(_ rule: @escaping Rule) { rules.withLock { $0.writingDirectly = rule } }

    /// Nothing fails any more.
    func clear() { rules.withLock { $0 = Rules() } }
}

/// Something that has happened, or has not.
final class Flag: Sendable {
    private let isSet = Atomic(false)

    var value: Bool { isSet.load(ordering: .sequentiallyConsistent) }

    /// Whether it was not set before.
    @discardableResult
    func set() -> Bool { !isSet.exchange(true, ordering: .sequentiallyConsistent) }
}
