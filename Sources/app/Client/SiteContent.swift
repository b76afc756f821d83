import Blake3
import Foundation
import Identity
import Manifests
import NIOCore

/// A folder as the content of a release: rules are read, files are hashed, and what becomes smaller by a content coding
/// has that ready.
struct SiteContent: Sendable {
    var manifest: SiteManifest
    /// Where the bytes of all blobs are.
    var sources: [BlobID: BlobUploader.Source]
    /// Variants that were made or found.
    var variantCount = 0
    /// What clients save that take the smallest variant of each file, in bytes.
    var savedBytes = 0
    /// What deserves a look.
    var warnings: [String] = []

    /// Smaller files fit into a packet or two anyway.
    static let minCompressedBytes = 1 << 10
    /// Larger files stay as they are: they and their variants are held in memory.
    static let maxCompressedBytes = 32 << 20
    /// Variants that are kept until they are uploaded, in bytes.
    static let maxVariantBytes = 512 << 20
    /// A variant is at least a twentieth smaller than its file.
    private static let worthwhile = (numerator: 19, denominator: 20)

    /// Reads a folder.
    ///
    /// - Parameters:
    ///   - isSinglePage: See ``SiteRules/isSinglePage``.
    ///   - hasCleanURLs: See ``SiteRules/hasCleanURLs``.
    /// - Throws: `SiteRulesError` with every mistake in `_redirects` or `_headers`; ``ClientError`` for a file that cannot
    ///   be read.
    init(_ folder: SiteFolder, isSinglePage: Bool = false, hasCleanURLs: Bool = false) async throws {
        let rules = try SiteContent.rules(folder, isSinglePage, hasCleanURLs)
        let items = folder.items.filter { !SiteContent.isRuleFile($0.path) }
        let byPath = Dictionary(uniqueKeysWithValues: items.map { ($0.path, $0) })
        var entries: [Entry] = []
        var heldBytes = 0
        var skipped = 0
        try await withThrowingTaskGroup(of: Entry.self) { group in
            var rest = items[...]
            // As many at a time as can work: each holds a file and its variants.
            for item in rest.prefix(ProcessInfo.processInfo.activeProcessorCount + 1) {
                group.addTask { try SiteContent.entry(item, byPath, compresses: true) }
                rest.removeFirst()
            }
            while let entry = try await group.next() {
                entries.append(entry)
                heldBytes += entry.file.variants.reduce(0) { $0 + $1.byteCount }
                guard let item = rest.popFirst() else { continue }
                let compresses = heldBytes < SiteContent.maxVariantBytes
                if !compresses { skipped += 1 }
                group.addTask { try SiteContent.entry(item, byPath, compresses: compresses) }
            }
        }
        manifest = try SiteManifest(
            files: Dictionary(uniqueKeysWithValues: entries.map { ($0.path, $0.file) }), rules: rules)
        sources = [:]
        for entry in entries {
            sources.merge(entry.sources) { $1 }
            variantCount += entry.file.variants.count
            savedBytes += entry.file.byteCount - (entry.file.variants.map(\.byteCount).min() ?? entry.file.byteCount)
            warnings += entry.warnings
        }
        if skipped > 0 { warnings.append("\(skipped) files were not compressed: the others fill the memory for that") }
        warnings += SiteContent.deadRules(manifest)
        warnings.sort()
    }

    static func isRuleFile(_ path: String) -> Bool {
        path == SiteRulesReader.redirectsName || path == SiteRulesReader.headersName
    }

    private static func rules(
        _ folder: SiteFolder, _ isSinglePage: Bool, _ hasCleanURLs: Bool
    ) throws -> SiteRules {
        func text(_ name: String) throws -> String? {
            guard let item = folder.items.first(where: { $0.path == name }) else { return nil }
            guard item.byteCount <= ManifestLimits.maxRuleFileBytes else {
                throw ClientError(
                    .badInput, "\(name) has \(item.byteCount) bytes; the limit is \(ManifestLimits.maxRuleFileBytes)")
            }
            guard let bytes = FileManager.default.contents(atPath: item.location),
                let text = String(validating: bytes, as: UTF8.self)
            else { throw ClientError(.badInput, "\(name) cannot be read, or is not UTF-8 text") }
            return text
        }
        let read = try SiteRulesReader.rules(
            redirects: try text(SiteRulesReader.redirectsName), headers: try text(SiteRulesReader.headersName))
        return SiteRules(
            redirects: read.redirects, headers: read.headers, isSinglePage: isSinglePage, hasCleanURLs: hasCleanURLs)
    }

    /// Rewrites to a file that is not there.
    private static func deadRules(_ manifest: SiteManifest) -> [String] {
        manifest.rules.redirects.compactMap { rule in
            guard rule.status == 200 || rule.status == 404, let path = rule.to.fixedPath else { return nil }
            let index = path.isEmpty || path.hasSuffix("/") ? path + "index.html" : path + "/index.html"
            let isThere = [path, path + ".html", index].contains { manifest.files[$0] != nil }
            return isThere
                ? nil : "\(SiteRulesReader.redirectsName): \(rule.from) leads to \(rule.to), which is no file"
        }
    }

    private struct Entry: Sendable {
        var path: String
        var file: SiteManifest.File
        var sources: [(BlobID, BlobUploader.Source)]
        var warnings: [String] = []
    }

    private static func entry(
        _ item: SiteFolder.Item, _ byPath: [String: SiteFolder.Item], compresses: Bool
    ) throws -> Entry {
        let type = MediaType.of(path: item.path)
        let isImmutable = FingerprintedName.isImmutable(path: item.path)
        guard compresses, MediaType.isCompressible(type),
            (minCompressedBytes...maxCompressedBytes).contains(item.byteCount),
            let data = FileManager.default.contents(atPath: item.location)
        else {
            let (digest, byteCount) = try Blake3.hashFile(path: item.location, threads: 2)
            let file = SiteManifest.File(
                blob: BlobID(digest), byteCount: byteCount, contentType: type, isImmutable: isImmutable)
            return Entry(path: item.path, file: file, sources: [(file.blob, .file(item.location, byteCount))])
        }
        let bytes = [UInt8](data)
        let blob = BlobID(Blake3.hash(bytes))
        var entry = Entry(
            path: item.path,
            file: SiteManifest.File(blob: blob, byteCount: bytes.count, contentType: type, isImmutable: isImmutable),
            sources: [(blob, .file(item.location, bytes.count))])
        var variants: [SiteManifest.Variant] = []
        for encoding in ContentEncoding.allCases {
            let sibling = byPath[item.path + encoding.fileExtension]
            guard let encoded = encoded(bytes, encoding, sibling, &entry.warnings),
                encoded.count <= bytes.count / worthwhile.denominator * worthwhile.numerator
            else { continue }
            let id = BlobID(Blake3.hash(encoded))
            variants.append(.init(encoding: encoding, blob: id, byteCount: encoded.count))
            entry.sources.append((id, .bytes(ByteBuffer(bytes: encoded))))
        }
        entry.file = SiteManifest.File(
            blob: blob, byteCount: bytes.count, contentType: type, variants: variants, isImmutable: isImmutable)
        return entry
    }

    /// What a build tool has put beside the file, if it is the file's content; else made here.
    private static func encoded(
        _ bytes: [UInt8], _ encoding: ContentEncoding, _ sibling: SiteFolder.Item?, _ warnings: inout [String]
    ) -> [UInt8]? {
        if let sibling, sibling.byteCount < bytes.count,
            let data = FileManager.default.contents(atPath: sibling.location)
        {
            let encoded = [UInt8](data)
            if ContentCompressor.isEncoded(encoded, encoding, of: bytes) { return encoded }
            warnings.append(
                "\(sibling.path) does not hold the content of the file beside it, and is not used for it; build the site "
                    + "again")
        }
        return ContentCompressor.compress(bytes, encoding)
    }
}
