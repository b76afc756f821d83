import CLinux
import Files
import Glibc

/// A ``CopyStream`` becomes local files. Every name is made in an open folder and no link is followed, so nothing outside of
/// the target can be reached, whatever the stream says.
///
/// A file takes the place of another one at once and when it is complete. Used by one task at a time.
public final class CopyTarget {
    private struct Level {
        var folder: Descriptor
        /// It was made here, and gets its attributes at the end.
        var isNew: Bool
        var attributes: CopyStream.Attributes
    }

    private static let maxDrafts = 100

    private var decoder = CopyDecoder()
    private var levels: [Level] = []
    private let root: Descriptor
    /// What the stream's first entry is called instead of its own name.
    private let rename: [UInt8]?
    private var file: (descriptor: Descriptor, draft: [UInt8], name: [UInt8], attributes: CopyStream.Attributes)?

    /// Files below `path` if that is a folder, else at `path`, whose folder must be there.
    ///
    /// - Throws: `.copyFailed`.
    public init(path: String) throws(MachineError) {
        let number = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if number >= 0 {
            root = Descriptor(number)
            rename = nil
            return
        }
        guard errno == ENOENT || errno == ENOTDIR, !path.hasSuffix("/") else {
            throw CopyFiles.failed("the folder", path)
        }
        let name = Array(path.utf8.split(separator: UInt8(ascii: "/")).last ?? [])
        guard !name.isEmpty, name != [0x2E], name != [0x2E, 0x2E], name.count <= CopyStream.maxNameBytes else {
            throw MachineError(.copyFailed, "no file can be called \(path)")
        }
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let folder = Glibc.open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw CopyFiles.failed("the folder", parent) }
        root = Descriptor(folder)
        rename = name
    }

    deinit {
        guard let file else { return }
        let folder = levels.last?.folder ?? root
        _ = file.draft.withCString { unlinkat(folder.number, $0, 0) }
    }

    /// Takes the next bytes of the stream.
    ///
    /// - Throws: `.copyFailed` for bytes that are no stream, and for what cannot be written. Files that were complete stay.
    public func take(_ bytes: some Sequence<UInt8>) throws(MachineError) {
        decoder.feed(bytes)
        while let item = try decoder.next() { try make(item) }
    }

    /// There are no more bytes.
    ///
    /// - Throws: `.copyFailed` if the stream was cut off.
    public func finish() throws(MachineError) {
        guard decoder.isOver else { throw MachineError(.copyFailed, "what was sent is cut off") }
    }

    private func make(_ item: CopyStream.Item) throws(MachineError) {
        let folder = levels.last?.folder ?? root
        func called(_ name: [UInt8]) -> [UInt8] { levels.isEmpty ? rename ?? name : name }
        switch item {
        case .folder(let name, let attributes): try enter(called(name), attributes, in: folder)
        case .up:
            guard let level = levels.popLast(), level.isNew else { return }
            guard CopyFiles.set(level.attributes, of: level.folder) else {
                throw CopyFiles.failed("the attributes of", "a folder")
            }
        case .file(let name, let attributes): try begin(called(name), attributes, in: folder)
        case .part(let bytes): try bytes.isEmpty ? complete(in: folder) : write(bytes)
        case .link(let name, let target):
            let draft = try draft(in: folder, called(name)) { draft in
                target.withCString { target in draft.withCString { symlinkat(target, folder.number, $0) } } == 0
            }
            try settle(draft, called(name), in: folder)
        case .end: return
        }
    }

    private func enter(
        _ name: [UInt8], _ attributes: CopyStream.Attributes, in folder: Descriptor
    ) throws(MachineError) {
        let isNew = name.withCString { mkdirat(folder.number, $0, 0o700) } == 0
        guard isNew || errno == EEXIST, let made = CopyFiles.open(name, in: folder, O_RDONLY | O_DIRECTORY) else {
            throw CopyFiles.failed("the folder", CopyFiles.shown(name))
        }
        levels.append(Level(folder: made, isNew: isNew, attributes: attributes))
    }

    private func begin(
        _ name: [UInt8], _ attributes: CopyStream.Attributes, in folder: Descriptor
    ) throws(MachineError) {
        var opened: Descriptor?
        let draft = try draft(in: folder, name) { draft in
            opened = CopyFiles.open(draft, in: folder, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            return opened != nil
        }
        guard let opened else { throw CopyFiles.failed("the file", CopyFiles.shown(name)) }
        file = (opened, draft, name, attributes)
    }

    /// A name that was free, with what `make` made of it.
    private func draft(
        in folder: Descriptor, _ name: [UInt8], _ make: ([UInt8]) -> Bool
    ) throws(MachineError) -> [UInt8] {
        for attempt in 0..<Self.maxDrafts {
            let draft = Array(".skerry-copy-\(getpid())-\(attempt)".utf8)
            if make(draft) { return draft }
            guard errno == EEXIST else { break }
        }
        throw CopyFiles.failed("the file", CopyFiles.shown(name))
    }

    private func write(_ bytes: [UInt8]) throws(MachineError) {
        guard let file else { return }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file.descriptor.number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw CopyFiles.failed("the file", CopyFiles.shown(file.name)) }
            rest = rest.dropFirst(count)
        }
    }

    private func complete(in folder: Descriptor) throws(MachineError) {
        guard let file else { return }
        guard CopyFiles.set(file.attributes, of: file.descriptor) else {
            throw CopyFiles.failed("the file", CopyFiles.shown(file.name))
        }
        self.file = nil
        try settle(file.draft, file.name, in: folder)
    }

    /// The draft takes its name.
    private func settle(_ draft: [UInt8], _ name: [UInt8], in folder: Descriptor) throws(MachineError) {
        let result = draft.withCString { from in
            name.withCString { renameat(folder.number, from, folder.number, $0) }
        }
        guard result != 0 else { return }
        let error = errno
        _ = draft.withCString { unlinkat(folder.number, $0, 0) }
        throw CopyFiles.failed("the file", CopyFiles.shown(name), error)
    }
}
