import Blake3
import Foundation
import Identity
import Manifests

/// The files of a folder that is to become a site.
public struct SiteFolder: Sendable {
    /// One file.
    public struct Item: Sendable, Equatable {
        /// Relative to the folder, `/` between components.
        public let path: String
        /// Where its bytes are: behind a link, the link's target.
        public let location: String
        public let byteCount: Int
    }

    /// Files in order of their paths.
    public let items: [Item]
    /// Hidden files and folders that were left out.
    public let hiddenCount: Int

    /// How deep folders may nest.
    public static let maxDepth = 64
    /// The one hidden folder that belongs to a site (RFC 8615).
    private static let wellKnown = ".well-known"

    /// Lists a folder. Hidden files are left out, except `.well-known`; links are followed when they lead to a file inside
    /// the folder.
    ///
    /// - Throws: ``ClientError`` for a path that is no folder, an empty one, a link that leads nowhere, out of the folder
    ///   or to another folder, a file that is no regular file, a name that no URL can carry, or two names that are the same
    ///   text in Unicode.
    public init(_ path: String) throws {
        let root = URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root, isDirectory: &isFolder), isFolder.boolValue else {
            throw ClientError(.badInput, "\(path) is no folder; give the folder that holds the site's index.html")
        }
        var scan = Scan(root: root)
        try scan.visit("", depth: 0)
        guard !scan.items.isEmpty else {
            throw ClientError(.badInput, "The folder \(path) holds no files; a site needs at least an index.html")
        }
        items = scan.items.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        var paths: Set<String> = []
        if let double = items.first(where: { !paths.insert($0.path).inserted }) {
            throw ClientError(
                .badInput,
                "Two files are named \(double.path), with accents that are written in two ways; rename one of them")
        }
        hiddenCount = scan.hiddenCount
    }

    private struct Scan {
        let root: String
        var items: [Item] = []
        var hiddenCount = 0

        mutating func visit(_ folder: String, depth: Int) throws {
            guard depth <= SiteFolder.maxDepth else {
                throw ClientError(.badInput, "\(folder) is nested deeper than \(SiteFolder.maxDepth) folders")
            }
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)
            } catch {
                throw ClientError(
                    .fileUnusable, "Cannot read the folder \(root)/\(folder): \(SystemFailure.reason(error))")
            }
            for name in names.sorted() {
                if name.hasPrefix("."), !(folder.isEmpty && name == SiteFolder.wellKnown) {
                    hiddenCount += 1
                    continue
                }
                try visitEntry(folder.isEmpty ? name : folder + "/" + name, depth)
            }
        }

        private mutating func visitEntry(_ path: String, _ depth: Int) throws {
            // What is read in place of bytes that are no text.
            if path.unicodeScalars.contains("\u{FFFD}") {
                throw ClientError(.badInput, "The file name \(path.debugDescription) is no UTF-8 text; rename it")
            }
            if let problem = SiteManifest.problem(withPath: path) {
                throw ClientError(.badInput, "The file name \(path.debugDescription) \(problem); rename it")
            }
            var location = root + "/" + path
            var attributes = try SiteFolder.attributes(location)
            if attributes[.type] as? FileAttributeType == .typeSymbolicLink {
                location = try target(of: path)
                attributes = try SiteFolder.attributes(location)
                if attributes[.type] as? FileAttributeType == .typeDirectory {
                    throw ClientError(.badInput, "The link \(path) leads to a folder; copy the folder's files instead")
                }
            }
            switch attributes[.type] as? FileAttributeType {
            case .typeDirectory: try visit(path, depth: depth + 1)
            case .typeRegular:
                guard items.count < ManifestLimits.maxFiles else {
                    throw ClientError(
                        .badInput, "The folder holds more than \(ManifestLimits.maxFiles) files; split the site")
                }
                items.append(Item(path: path, location: location, byteCount: (attributes[.size] as? Int) ?? 0))
            default:
                throw ClientError(.badInput, "\(path) is no regular file; remove it from the folder")
            }
        }

        /// Where a link leads, if that is inside the folder.
        private func target(of path: String) throws -> String {
            let link = root + "/" + path
            let resolved = URL(fileURLWithPath: link).resolvingSymlinksInPath().path
            guard FileManager.default.fileExists(atPath: link) else {
                throw ClientError(.badInput, "The link \(path) leads nowhere; remove it or restore what it leads to")
            }
            guard resolved.hasPrefix(root + "/") else {
                throw ClientError(
                    .badInput, "The link \(path) leads out of the folder, to \(resolved); copy the file instead")
            }
            return resolved
        }
    }

    private static func attributes(_ path: String) throws -> [FileAttributeKey: Any] {
        do {
            return try FileManager.default.attributesOfItem(atPath: path)
        } catch {
            throw ClientError(.fileUnusable, "Cannot read \(path): \(SystemFailure.reason(error))")
        }
    }
}
