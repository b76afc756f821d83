public import Foundation
public import Manifests

/// What `skerry.toml` says about an app.
public struct AppManifest: Sendable, Equatable {
    /// What the app is.
    public enum Kind: String, Sendable, CaseIterable {
        /// Files.
        case site
        /// Code that answers requests, perhaps with files beside it.
        case function
        /// Content that is fetched from elsewhere.
        case origin
        /// Several of those, by path.
        case app
        /// A container that runs until it is told to stop.
        case machine
    }

    /// How the code becomes one script.
    public struct Build: Sendable, Equatable {
        /// Whether names are shortened and blanks left out. Default no.
        public var minify = false
        /// Whether a source map is kept with the release. Default yes.
        public var sourceMaps = true
        /// What JSX becomes: `transform` (calls of `React.createElement`) or `automatic` (imports from
        /// ``jsxImportSource``). Nil for what `tsconfig.json` says, else `transform`.
        public var jsx: String?
        /// The package whose `jsx-runtime` the automatic form imports.
        public var jsxImportSource: String?
        /// Expressions that take the place of a global name.
        public var define: [String: String] = [:]
        /// Packages that take the place of others.
        public var alias: [String: String] = [:]

        public init() {}
    }

    /// The file's name beside the app.
    public static let fileName = "skerry.toml"

    public var name: String
    public var kind: Kind
    /// The module to begin with, relative to the manifest; nil for a site.
    public var entry: String?
    public var routes: [RoutePattern] = []
    public var vars: [String: String] = [:]
    public var limits = LimitsClass.standard
    /// `yyyy-mm-dd`; nil for the newest behaviour.
    public var compatibilityDate: String?
    public var cron: [CronExpression] = []
    /// The folder with the files, relative to the manifest.
    public var assets: String?
    /// Whether paths of the files that look like pages and have no file get the index: `[site] spa`. Default no.
    public var isSinglePage = false
    /// Whether pages live without `.html` only: `[site] clean_urls`. Default no.
    public var hasCleanURLs = false
    public var bindings: [FunctionBinding] = []
    /// Names of the secrets that the function cannot do without.
    public var secrets: [String] = []
    public var build = Build()
    /// Paths that the files answer, in a composite app.
    public var siteRoutes: [RoutePattern] = []
    /// Whether the function of a composite app sees paths without what stands before the `*` of a route. Default no.
    public var stripsPrefix = false
    /// One for an origin; for a composite app those that it has.
    public var origins: [Origin] = []

    /// What `[machine]` says; nil for an app without one.
    public var machine: Machine?
    /// Paths that the machine of a composite app answers.
    public var machineRoutes: [RoutePattern] = []
    /// Whether it sees paths without what stands before the `*` of a route. Default no.
    public var machineStripsPrefix = false

    public init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// Reads a manifest. Any text is allowed.
    ///
    /// - Parameters:
    ///   - fileName: What errors call the file.
    ///   - now: No compatibility date is later than that, wherever on earth somebody wrote down today's.
    /// - Throws: ``AppManifestError`` with everything that is wrong, in the order of the file; for a text that is no
    ///   TOML, with the first place.
    public init(
        parsing text: String, fileName: String = AppManifest.fileName, now: Date = Date()
    ) throws(AppManifestError) {
        let table: TOMLTable
        do { table = try TOMLDocument.parse(text) } catch {
            throw AppManifestError(
                fileName: fileName, problems: [.init(position: error.position, message: error.message)])
        }
        var reader = AppManifestReader(
            lastDay: now.addingTimeInterval(86_400).formatted(.iso8601.year().month().day()))
        let manifest = reader.manifest(table)
        guard reader.problems.isEmpty, let manifest else {
            throw AppManifestError(fileName: fileName, problems: reader.problems.sorted { $0.position < $1.position })
        }
        self = manifest
    }
}
