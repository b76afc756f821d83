import BlobStore
import Synchronization

/// Failures of a disk that a test switches on and off.
final class ManualFaults: Sendable {
    typealias Rule = @Sendable (String) -> CInt?

    private let rules = Mutex<(reading: Rule, writing: Rule)>(({ _ in nil }, { _ in nil }))

    var faults: DiskFaults {
        var faults = DiskFaults()
        faults.reading = { [self] path in rules.withLock { $0.reading }(path) }
        faults.writing = { [self] path in rules.withLock { $0.writing }(path) }
        return faults
    }

    func onReading(_ rule: @escaping Rule) { rules.withLock { $0.reading = rule } }
    func onWriting(_ rule: @escaping Rule) { rules.withLock { $0.writing = rule } }

    /// Nothing fails any more.
    func clear() { rules.withLock { $0 = ({ _ in nil }, { _ in nil }) } }
}

/// Something that has happened, or has not.
final class Flag: Sendable {
    private let isSet = Atomic(false)

    var value: Bool { isSet.load(ordering: .sequentiallyConsistent) }

    /// Whether it was not set before.
    @discardableResult
    func set() -> Bool { !isSet.exchange(true, ordering: .sequentiallyConsistent) }
}
