public import AppManifests
import Blake3
import Bundling
import Foundation
import Identity
public import Ledger
import Manifests
import NIOCore

/// Functions, and apps with a `skerry.toml`.
extension Deployer {
    /// Deploys one source file as a function.
    ///
    /// - Throws: `BundleError` with every place that is wrong, before anything is uploaded.
    public func deployFunction(file: String, name: AppName, message: String = "") async throws -> Result {
        let url = URL(fileURLWithPath: file)
        var app = AppManifest(name: name.description, kind: .function)
        app.entry = url.lastPathComponent
        return try await deployApp(folder: url.deletingLastPathComponent().path, app, name: name, message: message)
    }

    /// Deploys what a `skerry.toml` describes.
    ///
    /// - Parameters:
    ///   - folder: Where the manifest is.
    ///   - name: Takes the place of the manifest's own.
    /// - Throws: `BundleError` with every place that is wrong, before anything is uploaded.
    public func deployApp(
        folder: String, _ app: AppManifest, name: AppName? = nil, message: String = ""
    ) async throws -> Result {
        let name = try name ?? AppName(checking: app.name)
        switch app.kind {
        case .app: return try await deployComposite(folder: folder, app, name, message)
        case .origin: return try await deployOrigin(app, name, message)
        case .machine: return try await deployMachine(folder: folder, app, name, message)
        case .site, .function: break
        }
        guard let entry = app.entry else {
            return try await deploySite(
                folder: folder + "/" + (app.assets ?? ""), name: name, isSinglePage: app.isSinglePage,
                hasCleanURLs: app.hasCleanURLs, message: message)
        }
        let known = try await checkOwner(name)
        let site = try app.assets.map { try SiteFolder(folder + "/" + $0) }
        let code = try await code(folder: folder, app, entry: entry, site, name)
        var function = code.function
        var sources = code.sources
        var hidden = 0
        var content: SiteContent?
        if let site {
            let made = try await SiteContent(site, isSinglePage: app.isSinglePage, hasCleanURLs: app.hasCleanURLs)
            function.assets = made.manifest.files
            function.siteRules = made.manifest.rules
            sources.merge(made.sources) { $1 }
            hidden = site.hiddenCount
            content = made
        }
        let count = 1 + function.assets.count
        report(.hashed(files: count, bytes: sources.values.reduce(0) { $0 + $1.byteCount }))
        var result = try await deploy(name, known, .function, .function(function), sources, message)
        result.files = count
        result.hidden = hidden
        result.note(code)
        result.probePath = Deployer.probePath(function)
        if let content { result.note(content) }
        return result
    }

    /// A path that is no file's.
    private static func probePath(_ function: FunctionManifest) -> String {
        if let route = function.routes.first { return route.description.replacing("*", with: "-") }
        return function.assets["index.html"] == nil ? "/" : "/-"
    }

    /// Reads the `skerry.toml` of a folder; nil if it has none.
    ///
    /// - Throws: `AppManifestError` with every place that is wrong; ``ClientError`` if the file is no text.
    public static func manifest(in folder: String) throws -> AppManifest? {
        let path = folder + "/" + AppManifest.fileName
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw ClientError(.badInput, "\(path) is not UTF-8 text")
        }
        return try AppManifest(parsing: text, fileName: path)
    }
}
