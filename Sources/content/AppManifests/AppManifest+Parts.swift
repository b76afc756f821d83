public import Manifests

extension AppManifest {
    /// An origin of an app, and the paths that it answers.
    public struct Origin: Sendable, Equatable {
        /// What follows `origin.` in the table's name; `origin` for an app that is nothing else.
        public var name: String
        public var manifest: OriginManifest
        /// Empty for an app that is nothing else.
        public var routes: [RoutePattern] = []
        /// Whether the origin sees paths without what stands before the `*` of a route. Default no.
        public var stripsPrefix = false

        public init(name: String, manifest: OriginManifest) {
            self.name = name
            self.manifest = manifest
        }
    }

    /// What the site of a composite app is called among its parts.
    public static let sitePart = "site"
    /// What the function of a composite app is called among its parts.
    public static let functionPart = "function"
    /// What the machine of a composite app is called among its parts.
    public static let machinePart = "machine"
    /// All paths.
    static let everything = RoutePattern("/*")

    /// Makes a composite app's manifest of what its site, its function and its machine became.
    ///
    /// - Parameters:
    ///   - site: Nil for an app without ``assets``.
    ///   - function: Nil for an app without ``entry``; its own routes are left out.
    ///   - machine: Nil for an app without ``machine``.
    /// - Throws: `ManifestError`.
    public func composite(
        site: SiteManifest?, function: FunctionManifest?, machine: MachineManifest? = nil
    ) throws -> CompositeManifest {
        var parts = origins.map { origin in
            CompositeManifest.Part(
                name: origin.name, content: .origin(origin.manifest), routes: origin.routes,
                stripsPrefix: origin.stripsPrefix)
        }
        if let site {
            parts.append(.init(name: AppManifest.sitePart, content: .site(site), routes: siteRoutes))
        }
        if var function {
            function.routes = []
            parts.append(
                .init(
                    name: AppManifest.functionPart, content: .function(function), routes: routes,
                    stripsPrefix: stripsPrefix))
        }
        if let machine {
            parts.append(
                .init(
                    name: AppManifest.machinePart, content: .machine(machine), routes: machineRoutes,
                    stripsPrefix: machineStripsPrefix))
        }
        return try CompositeManifest(parts: parts)
    }
}
