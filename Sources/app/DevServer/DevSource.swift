import AppManifests
import Foundation
import Manifests

/// What `skerry dev` was pointed at.
public enum DevSource: Sendable, Equatable {
    /// A folder with a `skerry.toml`.
    case app(folder: String)
    /// A folder that is a site as it is.
    case site(folder: String)
    /// One source file, beside which a `.dev.vars` may lie.
    case file(folder: String, name: String)

    /// Looks at a path.
    ///
    /// - Throws: ``DevError`` for a path that is nothing of these.
    public init(path: String) throws {
        let url = URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath()
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw DevError("\(path) does not exist; give a folder with a skerry.toml, or a source file")
        }
        guard isFolder.boolValue else {
            self = .file(folder: url.deletingLastPathComponent().path, name: url.lastPathComponent)
            return
        }
        func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url.path + "/" + name) }
        if has(AppManifest.fileName) {
            self = .app(folder: url.path)
        } else if has("index.html") {
            self = .site(folder: url.path)
        } else {
            throw DevError(
                "\(path) has no \(AppManifest.fileName) and no index.html; `skerry functions create` makes an app"
            )
        }
    }

    /// Whether the app binds a key-value store. One that cannot be read binds none.
    var usesKeyValues: Bool {
        guard case .app(let folder) = self,
            let text = FileManager.default.contents(atPath: folder + "/" + AppManifest.fileName)
                .flatMap({ String(data: $0, encoding: .utf8) }), let app = try? AppManifest(parsing: text)
        else { return false }
        return app.bindings.contains { $0.type == "kv" }
    }

    /// The folder that paths are relative to.
    public var folder: String {
        switch self {
        case .app(let folder), .site(let folder), .file(let folder, _): folder
        }
    }
}

/// Why an app cannot be run here.
public struct DevError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong and what to do.
    public let description: String

    public init(_ description: String) { self.description = description }
}
