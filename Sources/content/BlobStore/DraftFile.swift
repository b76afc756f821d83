#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A temporary file of a session.
struct DraftFile: Sendable {
    let path: String
    let descriptor: FileDescriptor

    init(in folder: StoreFolder) throws {
        path = folder.temporaryFile()
        descriptor = try FileDescriptor(path: path, O_RDWR | O_CREAT | O_EXCL)
    }

    func delete() { unlink(path) }
}
