import CLinux
import Files
import Glibc

/// What the two ends of a copy on this side need of the file system.
enum CopyFiles {
    static func failed(_ what: String, _ name: String, _ error: Int32 = errno) -> MachineError {
        MachineError(.copyFailed, "\(what) \(name): \(String(cString: strerror(error)))")
    }

    /// A name as a message shows it.
    static func shown(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }

    /// A name in an open folder, opened; nil with errno.
    static func open(_ name: [UInt8], in folder: Descriptor, _ flags: Int32, mode: mode_t = 0) -> Descriptor? {
        let number = name.withCString { openat(folder.number, $0, flags | O_NOFOLLOW | O_CLOEXEC, mode) }
        return number < 0 ? nil : Descriptor(number)
    }

    /// Sets permissions and times of an open file; false with errno.
    static func set(_ attributes: CopyStream.Attributes, of file: Descriptor) -> Bool {
        var seconds = attributes.modified / 1_000_000_000
        var nanoseconds = attributes.modified % 1_000_000_000
        if nanoseconds < 0 {
            seconds -= 1
            nanoseconds += 1_000_000_000
        }
        let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
        return fchmod(file.number, attributes.mode & 0o777) == 0 && futimens(file.number, [time, time]) == 0
    }

    static func attributes(_ status: skerry_file_status) -> CopyStream.Attributes {
        CopyStream.Attributes(mode: status.permissions, modified: status.modified_at)
    }
}
