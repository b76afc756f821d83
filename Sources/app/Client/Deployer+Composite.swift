import AppManifests
import Blake3
import Bundling
import Identity
import Ledger
import Manifests
import NIOCore

/// Origins, and apps of several parts.
extension Deployer {
    /// A route of a composite app, as it is shown.
    public struct Route: Codable, Sendable, Equatable {
        /// The pattern.
        public var path: String
        /// The part's name.
        public var part: String
        /// `site`, `function`, `origin` or `machine`.
        public var kind: String
        /// Where an origin's content comes from; nil for other parts.
        public var source: String?
    }

    /// Deploys an app that is nothing but an origin.
    func deployOrigin(_ app: AppManifest, _ name: AppName, _ message: String) async throws -> Result {
        guard let origin = app.origins.first else {
            throw ClientError(.badInput, "\(AppManifest.fileName) describes no origin; write [origin]")
        }
        let known = try await checkOwner(name)
        return try await deploy(name, known, .origin, .origin(origin.manifest), [:], message)
    }

    /// Deploys an app of several parts.
    ///
    /// - Throws: `BundleError` with every place that is wrong, before anything is uploaded.
    func deployComposite(
        folder: String, _ app: AppManifest, _ name: AppName, _ message: String
    ) async throws -> Result {
        let known = try await checkOwner(name)
        let site = try app.assets.map { try SiteFolder(folder + "/" + $0) }
        var sources: [BlobID: BlobUploader.Source] = [:]
        var content: SiteContent?
        if let site {
            let made = try await SiteContent(site, isSinglePage: app.isSinglePage, hasCleanURLs: app.hasCleanURLs)
            sources = made.sources
            content = made
        }
        let files = content?.manifest
        var code: Code?
        if let entry = app.entry {
            var made = try await self.code(folder: folder, app, entry: entry, site, name)
            if app.bindings.contains(where: { $0.target == .assets }) { made.function.assets = files?.files ?? [:] }
            sources.merge(made.sources) { $1 }
            code = made
        }
        var machine: MachineManifest?
        if app.machine != nil { machine = try await self.machine(app, in: folder) }
        let manifest = try app.composite(site: files, function: code?.function, machine: machine)
        let count = (files?.files.count ?? 0) + (code == nil ? 0 : 1)
        report(.hashed(files: count, bytes: sources.values.reduce(0) { $0 + $1.byteCount }))
        let absent = try await absentServices(machine?.bindings ?? [], of: name)
        var result = try await deploy(
            name, known, .composite, .composite(manifest), sources, message, machine: machine)
        result.files = count
        result.hidden = site?.hiddenCount ?? 0
        result.routes = Deployer.routes(manifest)
        if let code {
            result.note(code)
            result.probePath = app.routes.first?.description.replacing("*", with: "-")
        }
        if let content { result.note(content) }
        result.warnings += absent
        if let machine { try await settle(machine, name, known, &result) }
        return result
    }

    private static func routes(_ manifest: CompositeManifest) -> [Route] {
        manifest.routes.map { route in
            let part = manifest.parts[route.part]
            var source: String?
            if case .origin(let origin) = part.content { source = origin.source.description }
            return Route(
                path: route.pattern.description, part: part.name, kind: part.content.kind, source: source)
        }
    }

    // MARK: Code

    /// What the code of a function became.
    struct Code {
        var function: FunctionManifest
        var sources: [BlobID: BlobUploader.Source]
        let bundle: AppBundle
        /// What deserves a look.
        var warnings: [String]
    }

    /// Bundles the function of an app, describes it, and tries whether it loads.
    func code(
        folder: String, _ app: AppManifest, entry: String, _ site: SiteFolder?, _ name: AppName
    ) async throws -> Code {
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
        var warnings = bundle.warnings.map(\.description)
        if let untried = try await tryToLoad(function, bundle) { warnings.append(untried) }
        warnings += try await absentServices(function.bindings, of: name)
        return Code(function: function, sources: sources, bundle: bundle, warnings: warnings)
    }
}

extension Deployer.Result {
    mutating func note(_ code: Deployer.Code) {
        scriptBytes = code.function.scriptByteCount
        bundler = code.bundle.bundler.isEmpty ? nil : code.bundle.bundler
        warnings = code.warnings
    }
}
