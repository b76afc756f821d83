import Blake3
import CLinux
import Identity
import NIOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A stored file is not what the index says.
struct Damage: Error {
    let reason: String
    /// The file that was looked at; nil for one that is missing or cannot be opened. Held open, so that its inode number
    /// stays its own.
    let file: FileDescriptor?
    /// The file that was looked at; nil for a missing one.
    var inode: UInt64? { file?.inode ?? unopenedInode }
    private let unopenedInode: UInt64?

    init(reason: String, file: FileDescriptor?) {
        self.reason = reason
        self.file = file
        unopenedInode = nil
    }

    /// A file with a sector that the disk cannot read.
    init(unreadable file: FileDescriptor, _ number: CInt) {
        self.init(reason: Damage.unreadable(number), file: file)
    }

    /// A file that the disk cannot even open.
    init(unopened path: String, _ number: CInt) {
        reason = Damage.unreadable(number)
        file = nil
        unopenedInode = Files.status(path)?.inode
    }

    private static func unreadable(_ number: CInt) -> String {
        "cannot be read from the disk (\(String(cString: strerror(number))))"
    }
}

/// A blob's open data file with the values that its blocks are checked against.
final class OpenBlob: Sendable {
    /// How long a block that was verified need not be hashed again for readers who verify it themselves.
    static let trustMilliseconds: Int64 = 600_000

    let stat: BlobStat
    private let file: BlockFile
    /// Blocks that were verified in the period that began then.
    private let verified: Mutex<(blocks: BlockSet, since: Int64)>

    /// Checked against the blob's digest when the file was opened.
    var blockValues: [Digest] { file.blockValues }
    /// Memory that keeping this open costs, roughly, in bytes.
    var cost: Int { 512 + blockValues.count * Digest.byteCount }

    /// Opens the files of a blob; throws `Damage` when they are missing, cannot be read, or have a wrong size or wrong
    /// block values.
    init(_ stat: BlobStat, folder: StoreFolder) throws {
        self.stat = stat
        let path = folder.dataFile(stat.id)
        guard let descriptor = try FileDescriptor(existing: path) else {
            throw Damage(reason: "is missing", file: nil)
        }
        let length = lseek(descriptor.number, 0, SEEK_END)
        guard length == stat.byteCount else {
            throw Damage(reason: "has \(length) bytes instead of \(stat.byteCount)", file: descriptor)
        }
        var values = [stat.id.digest]
        if stat.blockCount > 1 {
            do {
                values = try BlockFile.readValues(
                    folder.outboardFile(stat.id), count: stat.blockCount, faults: folder.faults)
            } catch let damage as Damage {
                throw Damage(reason: damage.reason, file: descriptor)
            }
        }
        guard BlockTree.root(blockValues: values, byteCount: stat.byteCount) == stat.id.digest else {
            throw Damage(reason: "has block values of another blob", file: descriptor)
        }
        file = BlockFile(
            path: path, descriptor: descriptor, byteCount: stat.byteCount, blockValues: values, faults: folder.faults)
        verified = Mutex((BlockSet(blockCount: stat.blockCount), .min))
    }

    /// A verified block from the disk; blocks. `index` must be inside the blob. Throws `Damage` for other bytes than were
    /// stored, and for bytes that the disk cannot read.
    func read(_ index: Int) throws -> ByteBuffer {
        guard let bytes = try file.read(index) else {
            throw Damage(reason: "has other bytes in block \(index) than were stored", file: file.descriptor)
        }
        return bytes
    }

    /// A verified block if all of it is in the page cache; never waits for the disk. nil also for a damaged one,
    /// which `read` reports.
    func readWithoutWaiting(_ index: Int) -> ByteBuffer? { file.readWithoutWaiting(index) }

    /// A block in the page cache for a peer, which verifies it: hashed here if that was not done lately. Nil as above.
    ///
    /// - Parameter now: Milliseconds of a clock that only goes forwards.
    func readForPeer(_ index: Int, now: Int64) -> (bytes: ByteBuffer, isVerified: Bool)? {
        let isTrusted = verified.withLock { verified in
            if verified.since == .min || now - verified.since >= OpenBlob.trustMilliseconds {
                verified = (BlockSet(blockCount: stat.blockCount), now)
            }
            return verified.blocks.contains(index)
        }
        guard let bytes = file.readWithoutWaiting(index, isTrusted: isTrusted) else { return nil }
        if !isTrusted { verified.withLock { _ = $0.blocks.insert(index) } }
        return (bytes, !isTrusted)
    }
}
