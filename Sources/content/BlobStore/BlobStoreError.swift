import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What went wrong in the blob store.
public struct BlobStoreError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code as it is shown: `blob/` and a name.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The store does not have the blob.
        public static let notFound = Code("blob/not-found")
        /// Bytes on disk are not what was stored or cannot be read; the blob has been set aside and may be fetched again.
        public static let corrupt = Code("blob/corrupt")
        /// The bytes that arrived are not the blob that was expected; nothing was stored.
        public static let digestMismatch = Code("blob/digest-mismatch")
        /// The disk, a quota or the reserve leaves no room, or the disk is read-only; nothing was stored.
        public static let diskFull = Code("blob/disk-full")
        /// The store's quota leaves no room and nothing may be evicted; nothing was stored.
        public static let quotaExceeded = Code("blob/quota-exceeded")
        /// A blob or an answer above its limit.
        public static let tooLarge = Code("blob/too-large")
        /// A block index or length outside the blob.
        public static let badBlock = Code("blob/bad-block")
        /// An assembly lacks blocks.
        public static let incomplete = Code("blob/incomplete")
        /// Another process has the folder open.
        public static let folderInUse = Code("blob/folder-in-use")
        /// The folder was written by a newer version.
        public static let incompatible = Code("blob/incompatible")
        /// A file cannot be read or written.
        public static let ioFailed = Code("blob/io-failed")
        /// The index cannot be read or written.
        public static let indexFailed = Code("blob/index-failed")
        /// The store, or the session, is closed.
        public static let closed = Code("blob/closed")
        /// Two calls at once on a session, or on other work, that takes one at a time.
        public static let sessionBusy = Code("blob/session-busy")
    }

    /// The kind of failure.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    /// An error of this kind.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether it is only that there is no room: the disk is full, or the quota.
    public var isNoRoom: Bool { [.diskFull, .quotaExceeded].contains(code) }

    /// Code and message.
    public var description: String { "\(code): \(message)" }
}

extension BlobStoreError {
    /// A failed system call on a file.
    static func file(_ verb: String, _ path: String, _ number: CInt) -> BlobStoreError {
        let reason = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT:
            return full("cannot \(verb) \(path): \(reason)")
        case EROFS:
            return BlobStoreError(
                .diskFull,
                "cannot \(verb) \(path): \(reason); remount the disk writable, stored blobs can still be read")
        default:
            return BlobStoreError(.ioFailed, "cannot \(verb) \(path): \(reason); check the disk and the permissions")
        }
    }

    static func full(_ problem: String) -> BlobStoreError {
        BlobStoreError(.diskFull, "\(problem); free some space or raise the quota, stored blobs can still be read")
    }

    static func index(_ verb: String, _ path: String, _ error: any Error) -> BlobStoreError {
        if let known = error as? BlobStoreError { return known }
        if let database = error as? DatabaseError {
            switch database.resultCode {
            case .SQLITE_FULL: return full("cannot \(verb) the index \(path): \(database)")
            case .SQLITE_NOTADB, .SQLITE_CORRUPT:
                return BlobStoreError(
                    .indexFailed,
                    "cannot \(verb) the index \(path), which is damaged: \(database); stop the node and move it away with its"
                        + " -wal and -shm: blobs.copy takes its place if there is one, else pins and small blobs are lost;"
                        + " files in data get rows"
                )
            case .SQLITE_READONLY:
                return BlobStoreError(
                    .diskFull, "cannot \(verb) the index \(path): \(database); make the disk writable")
            default: break
            }
        }
        return BlobStoreError(.indexFailed, "cannot \(verb) the index \(path): \(error); check the disk")
    }

    static let storeClosed = BlobStoreError(.closed, "the blob store is closed; open it again")
}
