import Blake3
import CLinux
import Identity
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Rows for data files that have none: their index was lost, or is older than they are.
extension BlobStore {
    /// A data file without a row that is what its name says.
    struct Foundling: Sendable {
        let stat: BlobStat
        let inode: UInt64?
        /// The values of its blocks, when the file that lists them has to be written anew.
        let blockValues: [Digest]?
    }

    /// Read at once from a file that is hashed as a whole.
    private static let adoptionPieceBytes = 1 << 20

    /// Why data files may lack rows.
    enum AdoptionReason: Sendable {
        /// The index is new.
        case missing
        /// The index is a copy, older than some of them.
        case restored
    }

    /// Takes all data files without rows into the index, in the background, a folder of the fan-out at a time.
    func adoptAll(_ reason: AdoptionReason) {
        let lost =
            "pins and blobs of at most \(settings.inlineLimitBytes) bytes are lost; pin again and fetch from peers what is"
            + " needed"
        switch reason {
        case .missing:
            logger.warning(
                "the index of the blob store is missing: its data files are taken into a new one; \(lost)",
                metadata: ["folder": "\(folder.path)"])
        case .restored:
            logger.warning(
                """
                the index of the blob store was missing or damaged: its last copy has taken its place, and data files that \
                came later are taken into it; of the time since then \(lost)
                """,
                metadata: ["folder": "\(folder.path)"])
        }
        threadPool.submit { [weak self] state in
            guard case .active = state, let self else { return }
            do { self.adopt(folders: try self.folder.fanOutFolders()[...], adopted: 0) } catch {
                self.adoptionFailed(error)
            }
        }
    }

    private func adopt(folders: ArraySlice<String>, adopted: Int) {
        guard let next = folders.first else {
            folder.endAdoption()
            isAdopting.store(false, ordering: .releasing)
            return logger.notice("all data files are in the new index", metadata: ["blobs": "\(adopted)"])
        }
        threadPool.submit { [weak self] state in
            guard case .active = state, let self else { return }
            do {
                let found = try self.folder.blobs(in: next)
                let known = try self.index.present(found.map(\.id))
                let (whole, damaged) = try self.inspect(found.filter { !known.contains($0.id) })
                for file in damaged {
                    self.logger.error("a data file is not what its name says", metadata: ["blob": "\(file.id)"])
                }
                let count = adopted + (try self.adopt(whole)).count
                self.evictIfFull()
                self.adopt(folders: folders.dropFirst(), adopted: count)
            } catch {
                self.adoptionFailed(error)
            }
        }
    }

    /// The next opening, or the next collection, goes on.
    private func adoptionFailed(_ error: any Error) {
        isAdopting.store(false, ordering: .releasing)
        if (error as? BlobStoreError)?.code == .closed { return }
        logger.error("cannot take data files into the new index", metadata: ["error": "\(error)"])
    }

    /// Sorts files without a row into those that are what their names say and those that are not; blocks.
    ///
    /// The values of a file's blocks are checked against its name, and its last block against them, which confirms its
    /// length. Other blocks are verified whenever they are read, as always. Files that cannot be looked at just now are
    /// in neither list.
    func inspect(_ found: [StoreFolder.Found]) throws -> (whole: [Foundling], damaged: [StoreFolder.Found]) {
        var whole: [Foundling] = []
        var damaged: [StoreFolder.Found] = []
        for file in found {
            try requireOpen()
            do {
                if let foundling = try inspect(file.id) { whole.append(foundling) } else { damaged.append(file) }
            } catch let error as BlobStoreError where error.code != .closed {
                logger.warning(
                    "cannot look at a data file without a row", metadata: ["blob": "\(file.id)", "error": "\(error)"])
            }
        }
        return (whole, damaged)
    }

    /// Nil for a file that is not what its name says; blocks.
    private func inspect(_ id: BlobID) throws -> Foundling? {
        let path = folder.dataFile(id)
        guard let size = Files.status(path)?.size, let byteCount = Int(exactly: size) else { return nil }
        let stat = BlobStat(
            id: id, byteCount: byteCount, createdAtMilliseconds: time.now.wallMilliseconds, isInline: false)
        do {
            guard let file = try FileDescriptor(existing: path) else { return nil }
            var values: [Digest]?
            do {
                _ = try OpenBlob(stat, folder: folder).read(stat.blockCount - 1)
            } catch is Damage {
                guard stat.blockCount > 1 else { return nil }
                values = try hash(file, path, expecting: id)
                if values == nil { return nil }
            }
            // Somebody may have copied it here a moment ago.
            try Files.synchronise(file, path: path)
            return Foundling(stat: stat, inode: file.inode, blockValues: values)
        } catch is Damage {
            return nil
        }
    }

    /// The block values of a file, nil when it is another blob than expected; blocks.
    private func hash(_ file: FileDescriptor, _ path: String, expecting id: BlobID) throws -> [Digest]? {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.adoptionPieceBytes, alignment: 4096)
        defer { piece.deallocate() }
        var hasher = BlockHasher()
        var offset = 0
        while true {
            try requireOpen()
            let count = try Files.read(file, into: piece, at: offset, path: path)
            if count == 0 { break }
            hasher.update(UnsafeRawBufferPointer(rebasing: piece.prefix(count)))
            offset += count
        }
        let (digest, _, blockValues) = hasher.finalize()
        return digest == id.digest ? blockValues : nil
    }

    /// Gives files their rows; durable on return. Leaves out those that were stored, removed or replaced meanwhile. Blocks.
    func adopt(_ foundlings: [Foundling]) throws -> [BlobStat] {
        if foundlings.isEmpty { return [] }
        return try removals.withLock { _ in
            try requireOpen()
            let begun = try foundlings.compactMap { foundling in
                try alone(with: foundling.stat.id) { try beginAdoption(of: foundling, &$0) }
            }
            writer.drain()
            return try begun.compactMap { outcome in
                if case .inserted(let stat) = try outcome.get() { return stat }
                return nil
            }
        }
    }

    private func beginAdoption(of foundling: Foundling, _ pending: inout Pending) throws -> Outcome? {
        let id = foundling.stat.id
        guard pending == Pending(), folder.inode(id) == foundling.inode, try index.stat(id) == nil else { return nil }
        do {
            if let values = foundling.blockValues { try folder.replaceOutboard(values, of: id) }
        } catch {
            logger.warning(
                "cannot list the block values of a data file", metadata: ["blob": "\(id)", "error": "\(error)"])
            return nil
        }
        pending.publications += 1
        let outcome = Outcome()
        writer.enqueue(.insert(foundling.stat, bytes: nil)) { result in
            self.alone(with: id) { $0.publications -= 1 }
            outcome.set(result)
        }
        return outcome
    }
}
