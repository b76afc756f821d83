import CLinux
import Files
import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The unpack cache's folder. Every call blocks.
///
/// `layers/<key>/fs` is an unpacked layer and `layers/<key>/info` says what it is; both appear in one step, when all of it
/// is on the disk. `holders/<name>` says which entries a holder needs. `work` has what is being made or removed; whatever
/// is there at start was interrupted, and goes.
final class UnpackFolder: Sendable {
    /// The file `info`.
    struct Info: Codable, Sendable, Hashable {
        /// What it takes on the disk, about.
        var bytes: Int
        var form: UnpackedImage.Form
        /// Files of other owners are other files.
        var ownership: String
        var hidden: HiddenNames
    }

    let path: String
    private let lock: Mutex<CInt?>
    private let counter = Mutex(0)

    /// Takes the folder for this process until it ends.
    ///
    /// - Throws: ``ImageError`` `.folderUnusable`, `.ioFailed`.
    init(_ path: String) throws(ImageError) {
        self.path = path
        for folder in [path, path + "/layers", path + "/holders", path + "/work"] {
            // What is in images is nobody's business on the host, programs with special rights least of all.
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
                throw ImageError.file("make the folder", folder)
            }
        }
        let lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw ImageError.file("open", path + "/lock") }
        guard skerry_flock_exclusive(lock) == 0 else {
            close(lock)
            throw ImageError(
                .folderUnusable, "Another process uses the unpacked images in \(path); stop it, or use another folder")
        }
        self.lock = Mutex(lock)
        try OpenFolder.at(path + "/work").empty()
    }

    deinit { unlock() }

    /// Lets another process, or another object, have the folder.
    func unlock() {
        let descriptor = lock.withLock { $0.take() }
        if let descriptor { close(descriptor) }
    }

    // MARK: Entries

    func files(_ key: String) -> String { "\(path)/layers/\(key)/fs" }

    /// What is there, the longest unused first. What cannot be used any more is removed.
    func entries(form: UnpackedImage.Form, ownership: String) throws(ImageError) -> [(key: String, info: Info)] {
        var found: [(key: String, info: Info, used: Int64)] = []
        for name in try OpenFolder.at(path + "/layers").listed() {
            let key = String(decoding: name, as: UTF8.self)
            var status = skerry_file_status()
            if let info = info(key), info.form == form, info.ownership == ownership,
                skerry_status_of_path("\(path)/layers/\(key)", &status) == 0
            {
                found.append((key, info, status.changed_at))
            } else {
                try remove(key)
            }
        }
        return found.sorted { ($0.used, $0.key) < ($1.used, $1.key) }.map { ($0.key, $0.info) }
    }

    /// Nil if there is no entry.
    func info(_ key: String) -> Info? {
        guard let bytes = FileManager.default.contents(atPath: "\(path)/layers/\(key)/info") else { return nil }
        return try? JSONDecoder().decode(Info.self, from: bytes)
    }

    /// Notes when an entry was used, for the order at the next start. Failing does no harm.
    func touch(_ key: String) { utimensat(AT_FDCWD, "\(path)/layers/\(key)", nil, 0) }

    /// Removes an entry and its files.
    func remove(_ key: String) throws(ImageError) {
        if let trash = try takeOut(key) { discard(trash) }
    }

    /// Takes an entry away, which is quick. Its files are where the path that is returned says, to be discarded; nil if there
    /// is no entry.
    func takeOut(_ key: String) throws(ImageError) -> String? {
        let trash = "\(path)/work/\(next("trash"))"
        guard rename("\(path)/layers/\(key)", trash) == 0 else {
            if errno == ENOENT { return nil }
            throw ImageError.file("remove", "\(path)/layers/\(key)")
        }
        return trash
    }

    /// Removes what is in `work`; what remains goes at the next start.
    func discard(_ workPath: String) {
        guard let work = OpenFolder(path: path + "/work") else { return }
        try? work.removeAll(Array((workPath as NSString).lastPathComponent.utf8))
    }

    // MARK: Making an entry

    /// A new folder in `work`, with an empty folder `fs`.
    func begin() throws(ImageError) -> String {
        let work = "\(path)/work/\(next("new"))"
        guard mkdir(work, 0o700) == 0, mkdir(work + "/fs", 0o755) == 0, chmod(work + "/fs", 0o755) == 0 else {
            throw ImageError.file("make the folder", work)
        }
        return work
    }

    /// Makes what is in a folder of ``begin()`` an entry. When this returns, it is durable.
    func publish(_ work: String, as key: String, _ info: Info) throws(ImageError) {
        do {
            try JSONEncoder().encode(info).write(to: URL(fileURLWithPath: work + "/info"))
        } catch {
            throw ImageError(.ioFailed, "Cannot write \(work)/info: \(error.localizedDescription)")
        }
        let layers = try OpenFolder.at(path + "/layers")
        // One call for thousands of files; it reports what could not be written.
        guard skerry_sync_file_system(layers.number) == 0 else { throw ImageError.file("write", work) }
        let target = "\(path)/layers/\(key)"
        // One that could not be removed before, and is not used.
        try remove(key)
        guard rename(work, target) == 0 else { throw ImageError.file("name", target) }
        guard fsync(layers.number) == 0 else { throw ImageError.file("write", path + "/layers") }
    }

    // MARK: Holders

    /// What each holder needs.
    ///
    /// A note survives the death of the process, but not always that of the machine: then nothing that held something
    /// runs any more, and a note that cannot be read is dropped.
    func holders() throws(ImageError) -> [String: Set<String>] {
        var holders: [String: Set<String>] = [:]
        for name in try OpenFolder.at(path + "/holders").listed() {
            let holder = String(decoding: name, as: UTF8.self)
            let file = "\(path)/holders/\(holder)"
            guard !holder.hasSuffix(".part"), let bytes = FileManager.default.contents(atPath: file),
                let keys = try? JSONDecoder().decode(Set<String>.self, from: bytes)
            else {
                unlink(file)
                continue
            }
            holders[holder] = keys
        }
        return holders
    }

    /// There when this returns, also if the process is killed then.
    func write(_ keys: Set<String>, for holder: String) throws(ImageError) {
        let file = "\(path)/holders/\(holder)"
        let part = file + ".part"
        do {
            try JSONEncoder().encode(keys.sorted()).write(to: URL(fileURLWithPath: part))
        } catch {
            throw ImageError(.ioFailed, "Cannot write \(part): \(error.localizedDescription)")
        }
        guard rename(part, file) == 0 else { throw ImageError.file("write", file) }
    }

    /// As ``write(_:for:)``.
    func removeHolder(_ holder: String) throws(ImageError) {
        guard unlink("\(path)/holders/\(holder)") == 0 || errno == ENOENT else {
            throw ImageError.file("remove", "\(path)/holders/\(holder)")
        }
    }

    /// What hard links to a layer's files take, about: a folder's share of a page each, so an upper bound is what the
    /// layer itself takes, and a twentieth is near.
    static func linkBytes(_ info: Info) -> Int { info.bytes / 20 }

    // MARK: What the host takes

    /// How deleted names can be written here.
    func probe() -> UnpackedImage.Form {
        guard let work = try? begin(), let folder = OpenFolder(path: work + "/fs") else { return .flat }
        defer { discard(work) }
        guard skerry_make_whiteout(folder.number, "whiteout") == 0 else { return .flat }
        for form in [UnpackedImage.Form.trusted, .user]
        where skerry_set_attribute(folder.number, form.opaqueAttribute, "y") == 0 {
            return form
        }
        return .flat
    }

    private func next(_ name: String) -> String {
        let number = counter.withLock { counter in
            counter += 1
            return counter
        }
        return "\(name)-\(getpid())-\(number)"
    }
}
