public import Manifests

/// One immutable version of an app whose paths are answered by different parts.
public final class CompositeRelease: Sendable {
    /// Who answers the paths of a route.
    public enum Part: Sendable {
        case site(SiteRelease)
        /// Answers every path that it is given: its own files and routes are not looked at.
        case function(FunctionRelease)
        case origin(OriginRelease)
        case machine(MachineRelease)
    }

    /// Paths, and who answers them.
    public struct Route: Sendable {
        public let pattern: RoutePattern
        public let part: Part

        /// A route; nothing is checked.
        public init(pattern: RoutePattern, part: Part) {
            self.pattern = pattern
            self.part = part
        }
    }

    /// The app's name.
    public let name: String
    /// The release's id, as people read it.
    public let release: String
    /// In the order in which they are tried.
    public let routes: [Route]

    /// A release; nothing is checked.
    public init(name: String, release: String, routes: [Route]) {
        self.name = name
        self.release = release
        self.routes = routes
    }

    /// Makes the parts of a manifest into releases.
    ///
    /// - Parameters:
    ///   - tenant: See ``FunctionRelease/tenant``.
    ///   - isPreview: Whether it is served under its own host.
    ///   - isShare: See ``MachineRelease/isShare``.
    public convenience init(
        name: String, release: String, tenant: String, manifest: CompositeManifest, isPreview: Bool = false,
        isShare: Bool = false
    ) {
        let sites = manifest.parts.lazy.compactMap { if case .site(let site) = $0.content { site } else { nil } }
        let errorPage = sites.first?.errorPage
        let routes = manifest.routes.map { route in
            let part = manifest.parts[route.part]
            let prefix = part.stripsPrefix ? route.pattern.prefix ?? "" : ""
            let answer: Part =
                switch part.content {
                case .site(let site):
                    .site(SiteRelease(name: name, release: release, manifest: site, isPreview: isPreview))
                case .function:
                    .function(
                        FunctionRelease(
                            name: name, release: release, tenant: tenant, strippedPrefix: prefix,
                            errorPage: errorPage, isPreview: isPreview))
                case .origin(let origin):
                    .origin(
                        OriginRelease(
                            name: name, release: release, tenant: tenant, manifest: origin, strippedPrefix: prefix,
                            errorPage: errorPage, isPreview: isPreview))
                case .machine(let machine):
                    .machine(
                        MachineRelease(
                            name: name, release: release, tenant: tenant, port: machine.httpPort?.name,
                            strippedPrefix: prefix, errorPage: errorPage, isPreview: isPreview, isShare: isShare))
                }
            return Route(pattern: route.pattern, part: answer)
        }
        self.init(name: name, release: release, routes: routes)
    }

    /// Who answers a path, as it was sent and without its query; nil for nobody.
    public func part(_ path: String) -> Part? { routes.first { $0.pattern.matches(path) }?.part }
}
