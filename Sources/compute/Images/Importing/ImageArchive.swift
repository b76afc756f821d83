import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A tar with an image: what is in it, and where.
///
/// A compressed archive is unpacked into a file without a name first, so that its parts can be read in any order.
struct ImageArchive: Sendable {
    /// Entries of an archive: blobs, documents, folders, and old archives' links.
    static let maxEntries = 10_000
    /// Links to links.
    private static let maxLinks = 8

    /// What there is by path; links are resolved.
    private let regions: [[UInt8]: FileRegion]
    let name: String

    private enum Item {
        case file(offset: Int, byteCount: Int)
        case link(LayerPath)
    }

    /// Notes what is where.
    private struct Index: TarConsumer {
        var items: [[UInt8]: Item] = [:]

        mutating func begin(_ entry: TarEntry) throws(ImageError) {
            let path = try LayerPath(entry.name, "The archive's entry")
            let item: Item
            switch entry.kind {
            case .folder: return
            case .file: item = .file(offset: entry.offset, byteCount: entry.size)
            case .hardLink: item = .link(try LayerPath(entry.target, "The archive's link \(path) to"))
            case .symbolicLink: item = .link(try Index.resolve(entry.target, from: path))
            case .special: throw ImageError(.device, "The archive's entry \(path) is a device; this is no image")
            }
            guard items.updateValue(item, forKey: path.bytes) == nil else {
                throw ImageError(.duplicate, "The archive's entry \(path) occurs twice")
            }
        }

        mutating func content(_ bytes: UnsafeRawBufferPointer) {}

        mutating func end() {}

        /// `docker save` names a layer that occurs twice by `../<id>/layer.tar`.
        private static func resolve(_ target: [UInt8], from link: LayerPath) throws(ImageError) -> LayerPath {
            guard target.first != UInt8(ascii: "/"), target.count <= LayerLimits.maxPathBytes else {
                throw ImageError(.absolutePath, "The archive's link \(link) leads out of it")
            }
            var parts = link.parent.parts
            for part in target.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
                if !part.elementsEqual("..".utf8) {
                    parts.append(Array(part))
                } else if parts.popLast() == nil {
                    throw ImageError(.pathTraversal, "The archive's link \(link) leads out of it")
                }
            }
            return LayerPath(parts: parts)
        }
    }

    /// Opens an archive; blocks, for as long as unpacking takes if it is compressed.
    ///
    /// - Parameter folder: Where a compressed archive is unpacked to.
    /// - Throws: ``ImageError``.
    init(path: String, folder: String) throws {
        try self.init(try ReadableFile(path: path), folder: folder)
    }

    init(_ file: ReadableFile, folder: String) throws {
        name = file.name
        let head = Array(try file.read(at: 0, upTo: TarHeader.byteCount).readableBytesView)
        guard let compression = LayerCompression.sniff(head) else {
            throw ImageError(.badTar, "\(file.name) is no archive; give what `docker save` or `podman save` wrote")
        }
        let tar = compression == .none ? file : try ImageArchive.unpacked(file, compression, folder)
        var reader = TarReader(maxEntries: ImageArchive.maxEntries)
        var index = Index()
        var position = 0
        while position < tar.byteCount, !reader.isAtEnd {
            let bytes = try tar.read(at: position, upTo: 64 << 10)
            guard bytes.readableBytes > 0 else { break }
            try bytes.withUnsafeReadableBytes { try reader.feed($0, &index) }
            position += bytes.readableBytes + reader.skip()
        }
        guard position <= tar.byteCount else { throw ImageError(.truncated, "\(file.name) is cut off") }
        try reader.finish()
        regions = try ImageArchive.resolve(index.items, in: tar)
    }

    private static func resolve(_ items: [[UInt8]: Item], in tar: ReadableFile) throws -> [[UInt8]: FileRegion] {
        try items.compactMapValues { item in
            var item = item
            for _ in 0...maxLinks {
                switch item {
                case .file(let offset, let byteCount):
                    return FileRegion(file: tar, offset: offset, byteCount: byteCount)
                case .link(let target):
                    // To nothing, or to a folder: then nobody may name it.
                    guard let next = items[target.bytes] else { return nil }
                    item = next
                }
            }
            throw ImageError(.badLink, "\(tar.name) has links that lead to each other")
        }
    }

    private static func unpacked(
        _ file: ReadableFile, _ compression: LayerCompression, _ folder: String
    ) throws -> ReadableFile {
        let descriptor = try ReadableFile.makeTemporary(in: folder)
        do {
            let decompressor = try LayerDecompressor(compression)
            let limits = LayerLimits()
            var written = 0
            var position = 0
            while position < file.byteCount {
                let bytes = try file.read(at: position, upTo: FileRegion.partBytes)
                guard bytes.readableBytes > 0 else { break }
                position += bytes.readableBytes
                try bytes.withUnsafeReadableBytes { bytes in
                    try decompressor.feed(bytes) { (part: UnsafeRawBufferPointer) throws(ImageError) in
                        written += part.count
                        guard written <= ImageLimits.maxImageBytes else {
                            throw ImageError(
                                .bomb, "\(file.name) unpacks to more than \(ImageLimits.maxImageBytes) bytes")
                        }
                        guard written <= limits.ratioFloorBytes || written / limits.maxRatio <= position else {
                            throw ImageError(
                                .ratio, "\(file.name) unpacks to more than \(limits.maxRatio) times its size")
                        }
                        try write(part, to: descriptor, folder)
                    }
                }
            }
            try decompressor.finish()
        } catch {
            close(descriptor)
            throw error
        }
        return try ReadableFile(descriptor: descriptor, name: file.name)
    }

    /// Writes all bytes at the file's position.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt, _ folder: String) throws(ImageError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.write(descriptor, part.baseAddress, part.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw ImageError.file("write to the folder", folder)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// What is at a path; nil if there is nothing.
    func region(_ path: String) -> FileRegion? {
        guard let path = try? LayerPath(Array(path.utf8), "") else { return nil }
        return regions[path.bytes]
    }

    /// The image in the archive: of an OCI layout if it is one, else of `docker save`'s own form. Blocks.
    ///
    /// - Parameter tag: Which image of several, for the second form.
    func source(tag: String?, threads: NIOThreadPool) throws -> any ImageSource {
        if region("oci-layout") != nil {
            let archive = self
            return LayoutSource(name: name, threads: threads) { archive.region($0) }
        }
        if region("manifest.json") != nil { return try DockerArchiveSource(self, tag: tag, threads: threads) }
        throw ImageError(
            .notFound,
            "\(name) has neither oci-layout nor manifest.json, so no image is in it; write it with `docker save`")
    }
}
