public import Identity

/// The files of a site: what a site's release serves.
public struct SiteManifest: Sendable, Equatable {
    /// One file of a site.
    public struct File: Sendable, Hashable {
        /// The file's bytes.
        public let blob: BlobID
        /// The file's size in bytes.
        public let byteCount: Int
        /// The media type, as sent in `Content-Type`.
        public let contentType: String

        /// Checks nothing: `SiteManifest.init(files:)` does.
        public init(blob: BlobID, byteCount: Int, contentType: String) {
            self.blob = blob
            self.byteCount = byteCount
            self.contentType = contentType
        }
    }

    /// Files by relative path: `/` between components, no leading slash.
    public let files: [String: File]

    /// Checks every path.
    ///
    /// - Throws: ``ManifestError`` for an empty, absolute or escaping path, a media type that is no header value, or
    ///   more files than ``ManifestLimits/maxFiles``.
    public init(files: [String: File]) throws {
        guard files.count <= ManifestLimits.maxFiles else {
            throw ManifestError(
                .tooLarge,
                "The site has \(files.count) files; at most \(ManifestLimits.maxFiles) fit in one manifest")
        }
        for (path, file) in files {
            if let problem = SiteManifest.problem(withPath: path) {
                throw ManifestError(.badPath, "The path \"\(path.debugDescription)\" \(problem); rename the file")
            }
            guard file.byteCount >= 0, SiteManifest.isHeaderValue(file.contentType) else {
                throw ManifestError(.malformed, "The entry for \"\(path)\" has an invalid size or media type")
            }
        }
        self.files = files
    }

    /// The distinct blobs that the site needs, in order of their ids.
    public var blobs: [BlobID] { Set(files.values.map(\.blob)).sorted() }

    /// The sum of all files' sizes.
    public var byteCount: Int { files.values.reduce(0) { $0 + $1.byteCount } }

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
