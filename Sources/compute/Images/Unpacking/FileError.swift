#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension ImageError {
    /// A failed system call on a file.
    static func file(_ verb: String, _ path: String, _ number: CInt = errno) -> ImageError {
        let reason = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT: return ImageError(.diskFull, "Cannot \(verb) \(path): \(reason); free some space")
        case EROFS: return ImageError(.diskFull, "Cannot \(verb) \(path): \(reason); make the disk writable")
        default: return ImageError(.ioFailed, "Cannot \(verb) \(path): \(reason); check the disk and the permissions")
        }
    }
}
