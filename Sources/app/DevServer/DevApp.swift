import AppManifests
import Blake3
import Bundling
import Foundation
import Identity
import Manifests
import NIOCore

/// An app as it is on the disk at one moment, ready to be served.
struct DevApp: Sendable {
    let name: String
    let function: FunctionManifest?
    /// The function's script or program; empty for a site.
    let code: ByteBuffer
    let mapper: StackMapper?
    /// What goes into `env` beside or in place of the manifest's texts.
    let devVars: [String: String]
    /// The files that are served, by path.
    let files: SiteManifest?
    /// Where the bytes of those are.
    let locations: [BlobID: String]
    /// Sources outside the app's folder that the script was made from.
    let inputs: [String]
    let warnings: [Diagnostic]
    /// Who answers which path, for an app of several parts and for an origin; nil for other apps.
    var composite: CompositeManifest?

    /// Reads, bundles and hashes everything.
    ///
    /// - Throws: `AppManifestError`, `BundleError` or ``DevError``, all of which say where and what.
    static func load(_ source: DevSource) async throws -> DevApp {
        switch source {
        case .site(let folder):
            let (files, locations) = try list(folder)
            return DevApp(
                name: "site", function: nil, code: ByteBuffer(), mapper: nil, devVars: [:], files: files,
                locations: locations, inputs: [], warnings: [])
        case .file(let folder, let name):
            var manifest = AppManifest(name: "function", kind: .function)
            manifest.entry = name
            return try await load(folder, manifest)
        case .app(let folder):
            let path = folder + "/" + AppManifest.fileName
            guard let text = FileManager.default.contents(atPath: path).flatMap({ String(data: $0, encoding: .utf8) })
            else { throw DevError("\(path) cannot be read, or is not UTF-8 text") }
            return try await load(folder, try AppManifest(parsing: text))
        }
    }

    private static func load(_ folder: String, _ manifest: AppManifest) async throws -> DevApp {
        guard manifest.kind != .machine else {
            throw DevError(
                "\(manifest.name) is a machine, which the network runs and this server does not; start a network here with "
                    + "`skerry up`, and then `skerry deploy \(folder)`")
        }
        var files: SiteManifest?
        var locations: [BlobID: String] = [:]
        if let assets = manifest.assets {
            (files, locations) = try list(
                folder + "/" + assets, isSinglePage: manifest.isSinglePage, hasCleanURLs: manifest.hasCleanURLs)
        }
        guard let entry = manifest.entry else {
            var app = DevApp(
                name: manifest.name, function: nil, code: ByteBuffer(), mapper: nil, devVars: [:], files: files,
                locations: locations, inputs: [], warnings: [])
            app.composite = try composite(manifest, files, nil)
            return app
        }
        let vars = try devVars(folder)
        let lacking = manifest.secrets.filter { vars[$0] == nil }
        guard lacking.isEmpty else {
            throw DevError(
                "\(AppManifest.fileName) names the secrets \(lacking.joined(separator: ", ")), which have no value here; write "
                    + "NAME=value lines into \(DevVars.fileName)")
        }
        let paths = (files?.files ?? [:]).compactMapValues { locations[$0.blob] }
        let bundle = try await Bundler(folder: folder, build: manifest.build, mode: .development)
            .bundle(entry: entry, files: paths)
        let code = ByteBuffer(bytes: bundle.code)
        var function = FunctionManifest(
            script: BlobID(Blake3.hash(code.readableBytesView)), scriptByteCount: code.readableBytes,
            sourceName: bundle.sourceName, exports: bundle.exports)
        manifest.describe(&function)
        function.assets = files?.files ?? [:]
        function.siteRules = files?.rules ?? SiteRules()
        var app = DevApp(
            name: manifest.name, function: function, code: code, mapper: bundle.stackMapper, devVars: vars,
            files: files, locations: locations, inputs: bundle.inputs.map { folder + "/" + $0 },
            warnings: bundle.warnings + absent(manifest.bindings))
        app.composite = try composite(manifest, files, function)
        return app
    }

    /// Bindings to what is not here.
    private static func absent(_ bindings: [FunctionBinding]) -> [Diagnostic] {
        bindings.compactMap { binding in
            guard binding.target != .assets, binding.type != "kv" else { return nil }
            return Diagnostic(
                file: AppManifest.fileName, line: 0, column: 0,
                message: "calls of the binding \(binding.name) fail here: `skerry dev` runs no other app and no machine"
            )
        }
    }

    private static func composite(
        _ manifest: AppManifest, _ files: SiteManifest?, _ function: FunctionManifest?
    ) throws -> CompositeManifest? {
        switch manifest.kind {
        case .site, .function, .machine: return nil
        case .app:
            var manifest = manifest
            // Nothing but a prefix's end may be left of a path that loses its prefix.
            if !manifest.stripsPrefix {
                manifest.routes = DevSchedule.routes(manifest.routes, hasSchedules: !manifest.cron.isEmpty)
            }
            // Its image is nobody's here: what it answers is said to be unreachable.
            let nothing = BlobID(Blake3.hash([UInt8]()))
            let machine = manifest.machine?.manifest(image: nothing, layers: [nothing])
            return try manifest.composite(site: files, function: function, machine: machine)
        case .origin:
            return try CompositeManifest(
                parts: manifest.origins.map { origin in
                    CompositeManifest.Part(
                        name: origin.name, content: .origin(origin.manifest),
                        routes: RoutePattern("/*").map { [$0] } ?? [])
                })
        }
    }

    private static func devVars(_ folder: String) throws -> [String: String] {
        guard let bytes = FileManager.default.contents(atPath: folder + "/" + DevVars.fileName) else { return [:] }
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw DevError("\(DevVars.fileName) is not UTF-8 text")
        }
        return try DevVars.parse(text)
    }

    /// The files of a folder, without hidden ones, and its rules as a deployment takes them. Files have no variants, and
    /// none is kept for good, so that a change shows at once.
    private static func list(
        _ folder: String, isSinglePage: Bool = false, hasCleanURLs: Bool = false
    ) throws -> (SiteManifest, [BlobID: String]) {
        var files: [String: SiteManifest.File] = [:]
        var locations: [BlobID: String] = [:]
        for path in try FileTree.files(in: folder)
        where path != SiteRulesReader.redirectsName && path != SiteRulesReader.headersName {
            let location = folder + "/" + path
            let (digest, byteCount) = try Blake3.hashFile(path: location)
            let id = BlobID(digest)
            files[path] = SiteManifest.File(
                blob: id, byteCount: byteCount, contentType: MediaType.of(path: path))
            locations[id] = location
        }
        guard !files.isEmpty else {
            throw DevError("The folder \(folder) with the assets holds no files, or does not exist")
        }
        func text(_ name: String) throws -> String? {
            guard let bytes = FileManager.default.contents(atPath: folder + "/" + name) else { return nil }
            guard let text = String(data: bytes, encoding: .utf8) else { throw DevError("\(name) is not UTF-8 text") }
            return text
        }
        let read = try SiteRulesReader.rules(
            redirects: try text(SiteRulesReader.redirectsName), headers: try text(SiteRulesReader.headersName))
        let rules = SiteRules(
            redirects: read.redirects, headers: read.headers, isSinglePage: isSinglePage, hasCleanURLs: hasCleanURLs)
        return (try SiteManifest(files: files, rules: rules), locations)
    }
}
