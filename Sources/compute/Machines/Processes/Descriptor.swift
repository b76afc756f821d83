import CLinux
import Glibc
import Synchronization

/// An open file that is closed with its last owner, or before that.
final class Descriptor: Sendable {
    private let open: Atomic<Int32>

    /// Its number; -1 once it is closed.
    var number: Int32 { open.load(ordering: .acquiring) }

    init(_ number: Int32) { open = Atomic(number) }

    deinit { close() }

    /// Closes it now. Nobody may be waiting for it.
    func close() {
        let number = open.exchange(-1, ordering: .acquiringAndReleasing)
        if number >= 0 { Glibc.close(number) }
    }

    /// A pipe; nil when there are no descriptors left.
    static func pipe() -> (reading: Descriptor, writing: Descriptor)? {
        var ends: [Int32] = [0, 0]
        guard skerry_pipe(&ends) == 0 else { return nil }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    /// A file in memory with a text in it, at its beginning; nil when there is no memory.
    static func file(holding text: String) -> Descriptor? {
        let file = Descriptor(skerry_memory_file())
        var text = text
        let count = text.withUTF8 { pwrite(file.number, $0.baseAddress, $0.count, 0) }
        return count == text.utf8.count ? file : nil
    }

    /// Reads and writes return EAGAIN instead of waiting.
    func makeNonBlocking() { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }

    /// What was read: nil at the end and on errors, nothing when there is nothing yet.
    func read(atMost count: Int) -> [UInt8]? {
        var result = 0
        var error: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            result = Glibc.read(number, buffer.baseAddress, count)
            error = errno
            filled = max(0, result)
        }
        return result > 0 || (result < 0 && (error == EAGAIN || error == EINTR)) ? bytes : nil
    }
}
