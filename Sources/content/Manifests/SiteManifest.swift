public import Identity

/// The files of a site and its rules: what a site's release serves.
public struct SiteManifest: Sendable, Equatable {
    /// A file's content in a content coding.
    public struct Variant: Sendable, Hashable {
        /// The coding, as sent in `Content-Encoding`.
        public let encoding: ContentEncoding
        /// The encoded bytes.
        public let blob: BlobID
        /// Their number.
        public let byteCount: Int

        /// Checks nothing: `SiteManifest.init(files:rules:)` does.
        public init(encoding: ContentEncoding, blob: BlobID, byteCount: Int) {
            self.encoding = encoding
            self.blob = blob
            self.byteCount = byteCount
        }
    }

    /// One file of a site.
    public struct File: Sendable, Hashable {
        /// The file's bytes.
        public let blob: BlobID
        /// The file's size in bytes.
        public let byteCount: Int
        /// The media type, as sent in `Content-Type`.
        public let contentType: String
        /// The same content in content codings, in order of their names.
        public let variants: [Variant]
        /// Whether the name changes with the content, so that caches need not ask again.
        public let isImmutable: Bool

        /// Checks nothing: `SiteManifest.init(files:rules:)` does.
        public init(
            blob: BlobID, byteCount: Int, contentType: String, variants: [Variant] = [], isImmutable: Bool = false
        ) {
            self.blob = blob
            self.byteCount = byteCount
            self.contentType = contentType
            self.variants = variants.sorted { $0.encoding.rawValue < $1.encoding.rawValue }
            self.isImmutable = isImmutable
        }
    }

    /// Files by relative path: `/` between components, no leading slash.
    public let files: [String: File]
    /// What answers beside the files.
    public let rules: SiteRules
    /// The name of the page that says that there is nothing: the one in the nearest folder above a path answers.
    public static let notFoundName = "404.html"
    /// The name of the page in the top folder that stands for what a node cannot answer.
    public static let errorName = "500.html"
    /// How deep the deepest of those pages lies; nil if there is none.
    private let notFoundDepth: Int?

    /// Checks every path.
    ///
    /// - Throws: ``ManifestError`` for an empty, absolute or escaping path, a media type that is no header value, a
    ///   content coding that is given twice, more files than ``ManifestLimits/maxFiles``, or more bytes than
    ///   ``ManifestLimits/maxContentBytes``.
    public init(files: [String: File], rules: SiteRules = SiteRules()) throws {
        guard files.count <= ManifestLimits.maxFiles else {
            throw ManifestError(
                .tooLarge,
                "The site has \(files.count) files; at most \(ManifestLimits.maxFiles) fit in one manifest")
        }
        try rules.check()
        var depth: Int?
        var room = ManifestLimits.maxContentBytes
        for (path, file) in files {
            if let problem = SiteManifest.problem(withPath: path) {
                throw ManifestError(.badPath, "The path \"\(path.debugDescription)\" \(problem); rename the file")
            }
            guard SiteManifest.isHeaderValue(file.contentType) else {
                throw ManifestError(.malformed, "The entry for \"\(path)\" has an invalid media type")
            }
            guard Set(file.variants.map(\.encoding)).count == file.variants.count else {
                throw ManifestError(.malformed, "The entry for \"\(path)\" has a content coding twice")
            }
            for byteCount in [file.byteCount] + file.variants.map(\.byteCount) {
                guard (0...room).contains(byteCount) else {
                    throw ManifestError(
                        byteCount < 0 ? .malformed : .tooLarge,
                        "The entry for \"\(path)\" has \(byteCount) bytes; \(ManifestLimits.maxContentBytes) are allowed in "
                            + "all")
                }
                room -= byteCount
            }
            if path.hasSuffix(SiteManifest.notFoundName) {
                let folders = path.utf8.count { $0 == UInt8(ascii: "/") }
                if path.split(separator: "/").last.map(String.init) == SiteManifest.notFoundName {
                    depth = max(depth ?? 0, folders)
                }
            }
        }
        self.files = files
        self.rules = rules
        notFoundDepth = depth
    }

    /// The distinct blobs that the site needs, in order of their ids.
    public var blobs: [BlobID] { SiteManifest.blobs(of: files).sorted() }

    /// The distinct blobs of files and of their variants.
    static func blobs(of files: [String: File]) -> Set<BlobID> {
        var blobs = Set<BlobID>(minimumCapacity: files.count)
        for file in files.values {
            blobs.insert(file.blob)
            for variant in file.variants { blobs.insert(variant.blob) }
        }
        return blobs
    }

    /// The sum of all files' sizes, without their variants.
    public var byteCount: Int { files.values.reduce(0) { $0 + $1.byteCount } }

    /// The page for a path that nothing answers: the `404.html` of the nearest folder above it.
    ///
    /// - Parameter path: Without a leading slash.
    public func notFoundPage(for path: String) -> File? {
        guard let notFoundDepth else { return nil }
        if notFoundDepth > 0 {
            // A path may have more slashes than any folder of the site: only as many as can matter are looked at.
            var folders: [Substring.Index] = []
            var index = path.startIndex
            while folders.count < notFoundDepth, let slash = path[index...].firstIndex(of: "/") {
                folders.append(slash)
                index = path.index(after: slash)
            }
            for end in folders.reversed() {
                if let page = files["\(path[..<end])/\(SiteManifest.notFoundName)"] { return page }
            }
        }
        return files[SiteManifest.notFoundName]
    }

    /// The page that visitors see when a node fails to answer for the app; nil for the node's own.
    public var errorPage: File? { files[SiteManifest.errorName] }

    /// What is wrong with `path` as a relative path inside a site; nil if nothing is.
    public static func problem(withPath path: String) -> String? {
        if path.isEmpty { return "is empty" }
        if path.utf8.count > ManifestLimits.maxPathBytes {
            return "is longer than \(ManifestLimits.maxPathBytes) bytes"
        }
        if path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) { return "contains a control character" }
        if path.utf8.contains(UInt8(ascii: "\\")) { return "contains a backslash" }
        for component in path.split(separator: "/", omittingEmptySubsequences: false) {
            if component.isEmpty { return "has an empty component" }
            if component == "." || component == ".." { return "has a \"\(component)\" component" }
        }
        return nil
    }

    private static func isHeaderValue(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= ManifestLimits.maxContentTypeBytes
            && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
    }
}
