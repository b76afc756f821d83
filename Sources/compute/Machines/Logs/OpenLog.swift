import CLinux
import Glibc

/// One file of a log, which can be read whatever its name is by now.
struct OpenLog: Sendable {
    /// Nobody else's as long as this is open.
    let inode: UInt64
    private let descriptor: Descriptor

    /// Nil when there is no such file.
    init?(_ path: String) {
        let number = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else { return nil }
        descriptor = Descriptor(number)
        var status = skerry_file_status()
        guard skerry_status_of_descriptor(number, &status) == 0 else { return nil }
        inode = status.inode
    }

    /// Its length now, in bytes.
    var size: Int64 {
        var status = skerry_file_status()
        return skerry_status_of_descriptor(descriptor.number, &status) == 0 ? max(0, status.size) : 0
    }

    /// What is at a place: less at the end, nothing behind it or when it cannot be read.
    func read(from offset: Int64, atMost count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let part = [UInt8](unsafeUninitializedCapacity: count - bytes.count) { buffer, filled in
                filled = max(
                    0, pread(descriptor.number, buffer.baseAddress, count - bytes.count, Int(offset) + bytes.count))
            }
            if part.isEmpty { break }
            bytes += part
        }
        return bytes
    }
}
