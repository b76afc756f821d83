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
        guard let entry = app.entry else {
            return try await deploySite(folder: folder + "/" + (app.assets ?? ""), name: name, message: message)
        }
        let known = try await checkOwner(name)
        let site = try app.assets.map { try SiteFolder(folder + "/" + $0) }
        let locations = Dictionary(uniqueKeysWithValues: (site?.items ?? []).map { ($0.path, $0.location) })
        let bundle = try await Bundler(folder: folder, build: app.build).bundle(entry: entry, files: locations)
        let script = ByteBuffer(bytes: bundle.code)
        let id = BlobID(Blake3.hash(script.readableBytesView))
        var function = FunctionManifest(
            script: id, scriptByteCount: script.readableBytes, sourceName: bundle.sourceName, exports: bundle.exports)
        var sources: [BlobID: BlobUploader.Source] = [id: .bytes(script)]
        app.describe(&function)
        function.bundler = bundle.bundler
        if let map = bundle.sourceMap, map.count <= ManifestLimits.maxSourceMapBytes {
            let bytes = ByteBuffer(bytes: map)
            let id = BlobID(Blake3.hash(bytes.readableBytesView))
            function.sourceMap = id
            function.sourceMapByteCount = map.count
            sources[id] = .bytes(bytes)
        }
        var hidden = 0
        if let site {
            let (files, found) = try site.hashed()
            function.assets = files.files
            sources.merge(found) { $1 }
            hidden = site.hiddenCount
        }
        let count = 1 + function.assets.count
        report(.hashed(files: count, bytes: sources.values.reduce(0) { $0 + $1.byteCount }))
        var result = try await deploy(name, known, .function, .function(function), sources, message)
        result.files = count
        result.hidden = hidden
        result.scriptBytes = script.readableBytes
        result.probePath = Deployer.probePath(function)
        result.bundler = bundle.bundler.isEmpty ? nil : bundle.bundler
        result.warnings = bundle.warnings.map(\.description)
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
