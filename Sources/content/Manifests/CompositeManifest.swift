public import Identity

/// Several kinds under one name: what a composite app's release serves.
///
/// Of all patterns that hold a path, the most exact one says which part answers (``RoutePattern/precedes(_:)``), so the
/// order of the parts means nothing.
public struct CompositeManifest: Sendable, Equatable {
    /// What a part is.
    public enum Content: Sendable, Equatable {
        case site(SiteManifest)
        /// Without routes of its own: those of the part count.
        case function(FunctionManifest)
        case origin(OriginManifest)
        case machine(MachineManifest)

        /// `site`, `function`, `origin` or `machine`.
        public var kind: String {
            switch self {
            case .site: "site"
            case .function: "function"
            case .origin: "origin"
            case .machine: "machine"
            }
        }
    }

    /// One part of the app.
    public struct Part: Sendable, Equatable {
        /// 1 to 63 lower-case letters, digits and inner hyphens; distinct in the app.
        public let name: String
        public let content: Content
        /// Paths that it answers; at least one. A machine may have none: the app's function and its open ports reach it all
        /// the same.
        public let routes: [RoutePattern]
        /// Whether the part sees paths without what stands before the `*` of a pattern. All patterns end with their
        /// only `*` then. A site never does.
        public let stripsPrefix: Bool

        /// Checks nothing: `CompositeManifest.init(parts:)` does.
        public init(name: String, content: Content, routes: [RoutePattern], stripsPrefix: Bool = false) {
            self.name = name
            self.content = content
            self.routes = routes
            self.stripsPrefix = stripsPrefix
        }
    }

    /// A pattern and the part that answers what it holds.
    public struct Route: Sendable, Equatable {
        public let pattern: RoutePattern
        /// Where the part stands in ``CompositeManifest/parts``.
        public let part: Int
    }

    /// Most parts of an app.
    public static let maxParts = 32
    /// Most patterns of all parts together.
    public static let maxRoutes = 200

    /// In order of their names.
    public let parts: [Part]
    /// In the order in which they are tried.
    public let routes: [Route]

    /// Checks names, patterns and limits, and every part.
    ///
    /// - Throws: ``ManifestError``.
    public init(parts unordered: [Part]) throws {
        let parts = unordered.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        guard (1...CompositeManifest.maxParts).contains(parts.count) else {
            throw ManifestError(
                parts.isEmpty ? .malformed : .tooLarge,
                "The app has \(parts.count) parts; it may have 1 to \(CompositeManifest.maxParts)")
        }
        var names: Set<String> = []
        var owners: [RoutePattern: String] = [:]
        for part in parts {
            guard FunctionBinding.isLabel(part.name), names.insert(part.name).inserted else {
                throw ManifestError(.malformed, "The app's part \"\(part.name)\" is misnamed or repeated")
            }
            try CompositeManifest.check(part, &owners)
        }
        guard owners.count <= CompositeManifest.maxRoutes else {
            throw ManifestError(
                .tooLarge, "The app has \(owners.count) routes; at most \(CompositeManifest.maxRoutes) are allowed")
        }
        guard parts.count(where: { if case .function = $0.content { true } else { false } }) <= 1 else {
            throw ManifestError(
                .malformed, "The app has more than one function; deploy the others as apps of their own")
        }
        try CompositeManifest.checkMachine(parts)
        self.parts = parts
        routes = parts.indices.flatMap { index in parts[index].routes.map { Route(pattern: $0, part: index) } }
            .sorted { $0.pattern.precedes($1.pattern) }
    }

    /// The function among the parts; an app has at most one.
    public var function: FunctionManifest? {
        for part in parts { if case .function(let function) = part.content { return function } }
        return nil
    }

    /// The machine among the parts; an app has at most one.
    public var machine: MachineManifest? {
        for part in parts { if case .machine(let machine) = part.content { return machine } }
        return nil
    }

    /// The same app with another machine, such as one of another scale.
    ///
    /// - Throws: ``ManifestError``.
    public func replacing(machine: MachineManifest) throws -> CompositeManifest {
        try CompositeManifest(
            parts: parts.map { part in
                guard case .machine = part.content else { return part }
                return Part(
                    name: part.name, content: .machine(machine), routes: part.routes, stripsPrefix: part.stripsPrefix)
            })
    }

    /// Names of the secrets that the parts cannot do without, distinct and in order.
    public var secrets: [String] {
        let names = parts.flatMap { part -> [String] in
            switch part.content {
            case .site: []
            case .function(let function): function.secrets
            case .origin(let origin): origin.secrets
            case .machine(let machine): machine.secrets
            }
        }
        return Set(names).sorted()
    }

    /// The distinct blobs that a node needs to serve the app, in order of their ids.
    public var blobs: [BlobID] {
        Set(
            parts.flatMap { part -> [BlobID] in
                switch part.content {
                case .site(let site): site.blobs
                case .function(let function): function.blobs
                case .origin: []
                case .machine(let machine): machine.blobs
                }
            }
        ).sorted()
    }

    /// The route for a path, without its query; nil if no pattern holds it.
    public func route(_ path: String) -> Route? { routes.first { $0.pattern.matches(path) } }

    /// At most one machine, and one for a function that calls it.
    private static func checkMachine(_ parts: [Part]) throws {
        let machines = parts.compactMap { if case .machine(let machine) = $0.content { machine } else { nil } }
        guard machines.count <= 1 else {
            throw ManifestError(
                .malformed, "The app has more than one machine; deploy the others as apps of their own")
        }
        for part in parts {
            guard case .function(let function) = part.content, function.needsMachine, machines.first?.httpPort == nil
            else { continue }
            throw ManifestError(
                .malformed,
                "The app's function \"\(part.name)\" has a binding to the app's machine, but the app has "
                    + (machines.isEmpty ? "none" : "one without a port for HTTP"))
        }
    }

    private static func check(_ part: Part, _ owners: inout [RoutePattern: String]) throws {
        let isMachine = if case .machine = part.content { true } else { false }
        guard !part.routes.isEmpty || isMachine else {
            throw ManifestError(.malformed, "The app's part \"\(part.name)\" has no routes")
        }
        for pattern in part.routes {
            if let other = owners.updateValue(part.name, forKey: pattern) {
                throw ManifestError(
                    .malformed, "The route \(pattern) of the app's part \"\(part.name)\" is also one of \"\(other)\"")
            }
            if part.stripsPrefix, pattern.prefix == nil {
                throw ManifestError(
                    .malformed,
                    "The app's part \"\(part.name)\" takes prefixes off, but its route \(pattern) does not end with /*")
            }
        }
        switch part.content {
        case .site where part.stripsPrefix:
            throw ManifestError(
                .malformed, "The app's site \"\(part.name)\" takes prefixes off; move its files into a folder instead")
        case .site: break
        case .function(let function) where !function.routes.isEmpty:
            throw ManifestError(.malformed, "The app's function \"\(part.name)\" has routes beside those of the part")
        case .function: break
        case .origin(let origin):
            guard let problem = origin.problem else { break }
            throw ManifestError(.malformed, "The app's origin \"\(part.name)\" has \(problem)")
        case .machine(let machine):
            if let problem = machine.problem {
                throw ManifestError(.malformed, "The app's machine \"\(part.name)\" has \(problem)")
            }
            guard part.routes.isEmpty || machine.httpPort != nil else {
                throw ManifestError(
                    .malformed, "The app's machine \"\(part.name)\" has routes, but no port with HTTP that answers them"
                )
            }
        }
    }
}
