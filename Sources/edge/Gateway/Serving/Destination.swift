import Identity
import Manifests

/// Who answers a request; known from its head alone.
enum Destination: Sendable {
    case site(SiteRelease)
    case function(FunctionRelease)
    case origin(OriginRelease)
    case machine(MachineRelease)
    case blob(BlobID)
    case page(NodePage)
    /// OPTIONS for the server as a whole.
    case server
    case failure(GatewayError)
    /// Known before anybody was asked.
    case reply(Reply)

    /// Whether the request's body is collected; otherwise it is thrown away.
    var takesBody: Bool {
        switch self {
        case .function, .origin, .machine: true
        case .site, .blob, .page, .server, .failure, .reply: false
        }
    }

    /// Whether it says itself which methods it has.
    var knowsMethods: Bool {
        switch self {
        case .origin, .machine: true
        case .site, .function, .blob, .page, .server, .failure, .reply: false
        }
    }

    /// The longest body, in bytes, that is read for it.
    func bodyLimit(_ settings: Gateway.Settings) -> Int {
        if case .machine = self { return settings.maxMachineBodyBytes }
        return takesBody ? settings.maxFunctionBodyBytes : settings.maxDiscardedBodyBytes
    }

    /// Whether links may be known before the answer is.
    var mayHint: Bool {
        if case .site(let release) = self { return release.manifest.rules.headers != nil }
        return false
    }

    /// Whether it may send interim answers of its own.
    var hasInterimAnswers: Bool {
        switch self {
        case .origin, .machine: true
        case .site, .function, .blob, .page, .server, .failure, .reply: false
        }
    }

    /// The app's own page for what fails here.
    var errorPage: SiteManifest.File? {
        switch self {
        case .site(let release): release.manifest.errorPage
        case .function(let release): release.errorPage
        case .origin(let release): release.errorPage
        case .machine(let release): release.errorPage
        case .blob, .page, .server, .failure, .reply: nil
        }
    }

    var kind: RequestKind {
        switch self {
        case .site: .site
        case .function: .function
        case .origin: .origin
        case .machine: .machine
        case .blob: .blob
        case .page, .server: .page
        case .failure: .invalid
        case .reply(let reply): reply.kind
        }
    }
}

/// The node's own pages.
enum NodePage: Sendable {
    case welcome, alive, ready, metrics
}
