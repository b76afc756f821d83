import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The file of the index is no index any more.
struct IndexDamage: Error {
    let error: BlobStoreError
}

extension BlobIndex {
    /// Pages that are copied at a time: 1 MiB.
    private static let pagesPerStep: CInt = 256
    /// Between two such steps: 32 MiB/s at most.
    private static let copyPause: UInt32 = 31_250

    /// Whether SQLite says that a file is none of its own, or that its structures are broken.
    static func isDamage(_ error: any Error) -> Bool {
        guard let code = (error as? DatabaseError)?.resultCode else { return false }
        return code == .SQLITE_NOTADB || code == .SQLITE_CORRUPT
    }

    /// Writes the index as it is at one moment to a new file. Others read and write meanwhile. Not synchronised.
    ///
    /// On a thread of its own, since it may take minutes. Cancellation ends it soon.
    ///
    /// - Throws: `.closed`, also when the index closes meanwhile, `.diskFull`, `.indexFailed`, `CancellationError`.
    func copy(to target: String) async throws {
        try await onOwnThread { try self.copyNow(to: target, $0) }
    }

    private func copyNow(to target: String, _ stop: StopFlag) throws {
        try whileOpen {
            do {
                var configuration = Configuration()
                configuration.label = "blobs-copy"
                let copy = try DatabaseQueue(path: target, configuration: configuration)
                defer { try? copy.close() }
                configuration.readonly = true
                let source = try DatabaseQueue(path: path, configuration: configuration)
                defer { try? source.close() }
                // In one transaction: what others write meanwhile does not make it begin again.
                try source.backup(to: copy, pagesPerStep: Self.pagesPerStep) { progress in
                    if self.isClosing { throw BlobStoreError.storeClosed }
                    if stop.isSet { throw CancellationError() }
                    if !progress.isCompleted { usleep(Self.copyPause) }
                }
            } catch let error as CancellationError {
                throw error
            } catch {
                throw BlobStoreError.index("copy", path, error)
            }
        }
    }
}
