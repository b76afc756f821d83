import CLinux
import Files
import Glibc

/// Local files as a ``CopyStream``. What is neither file, folder nor link is left out.
public struct CopySource {
    /// So much is gathered before it is given, in bytes.
    private static let giveBytes = 60 << 10

    private let give: ([UInt8]) async throws -> Bool
    private var gathered: [UInt8] = []
    /// Nobody takes any more.
    private var isOver = false

    /// Gives the file or folder at a path to `give`, piece by piece; a link at the path itself is followed. Returns when all
    /// was given, or `give` returned false.
    ///
    /// - Throws: ``MachineError`` `.copyFailed` for what cannot be read, and what `give` throws.
    public static func send(_ path: String, to give: @escaping ([UInt8]) async throws -> Bool) async throws {
        let number = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard number >= 0 else { throw CopyFiles.failed("the file", path) }
        var name = Array(path.utf8)
        while name.count > 1, name.last == UInt8(ascii: "/") { name.removeLast() }
        name = Array(name.split(separator: UInt8(ascii: "/")).last ?? [])
        if name.isEmpty || name == [0x2E] || name == [0x2E, 0x2E] { name = Array("files".utf8) }
        guard name.count <= CopyStream.maxNameBytes else {
            throw MachineError(.copyFailed, "the name of \(path) is too long")
        }
        var source = CopySource(give: give)
        guard try await source.send(Descriptor(number), name, depth: 0) else {
            throw MachineError(.copyFailed, "\(path) is neither a file nor a folder")
        }
        try await source.add(.end)
        try await source.flush()
    }

    private init(give: @escaping ([UInt8]) async throws -> Bool) { self.give = give }

    private mutating func add(_ item: CopyStream.Item) async throws {
        gathered += CopyStream.encode(item)
        if gathered.count >= Self.giveBytes { try await flush() }
    }

    private mutating func flush() async throws {
        guard !isOver, !gathered.isEmpty else { return }
        isOver = try await !give(gathered)
        gathered = []
    }

    /// False for what is neither file nor folder.
    private mutating func send(_ file: Descriptor, _ name: [UInt8], depth: Int) async throws -> Bool {
        var status = skerry_file_status()
        guard skerry_status_of_descriptor(file.number, &status) == 0 else {
            throw CopyFiles.failed("the file", CopyFiles.shown(name))
        }
        if skerry_is_regular_file(file.number) == 1 {
            try await add(.file(name, CopyFiles.attributes(status)))
            try await send(contentOf: file, status.size, name)
            return true
        }
        guard let names = OpenFolder.names(in: file.number) else {
            if errno == ENOTDIR { return false }
            throw CopyFiles.failed("the folder", CopyFiles.shown(name))
        }
        guard depth < CopyStream.maxDepth else {
            throw MachineError(.copyFailed, "the folder \(CopyFiles.shown(name)) lies too deep")
        }
        try await add(.folder(name, CopyFiles.attributes(status)))
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) where !isOver {
            try await send(name, in: file, depth: depth + 1)
        }
        try await add(.up)
        return true
    }

    private mutating func send(_ name: [UInt8], in folder: Descriptor, depth: Int) async throws {
        switch name.withCString({ skerry_kind_of_name(folder.number, $0) }) {
        case SKERRY_KIND_LINK:
            var target = [CChar](repeating: 0, count: CopyStream.maxTargetBytes + 1)
            let count = name.withCString { readlinkat(folder.number, $0, &target, CopyStream.maxTargetBytes) }
            if count > 0 { try await add(.link(name, target.prefix(count).map(UInt8.init(bitPattern:)))) }
        case SKERRY_KIND_FILE, SKERRY_KIND_FOLDER:
            guard let file = CopyFiles.open(name, in: folder, O_RDONLY | O_NONBLOCK) else {
                // It has gone since its folder was read.
                if errno == ENOENT { return }
                throw CopyFiles.failed("the file", CopyFiles.shown(name))
            }
            _ = try await send(file, name, depth: depth)
        default: return
        }
    }

    /// What the file had when it was opened: one that grows meanwhile would never end.
    private mutating func send(contentOf file: Descriptor, _ size: Int64, _ name: [UInt8]) async throws {
        var left = size
        while left > 0, !isOver {
            var result = 0
            let most = Int(min(left, Int64(Self.giveBytes)))
            let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, filled in
                result = Glibc.read(file.number, buffer.baseAddress, most)
                filled = max(0, result)
            }
            if result < 0 { throw CopyFiles.failed("the file", CopyFiles.shown(name)) }
            if result == 0 { break }
            try await add(.part(bytes))
            left -= Int64(result)
        }
        try await add(.part([]))
    }
}
