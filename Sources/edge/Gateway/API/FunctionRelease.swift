public import Manifests

/// One immutable version of a function.
public final class FunctionRelease: Sendable {
    /// The app's name.
    public let name: String
    /// The release's id, as people read it.
    public let release: String
    /// Whose it is: releases of one tenant may share what others must not see. Means nothing to the gateway.
    public let tenant: String
    /// Files that are served beside the function.
    public let assets: SiteRelease?
    /// Paths that are the function's even where there is a file. With routes, other paths are never the function's;
    /// without, it answers every path that is no file.
    public let routes: [RoutePattern]
    /// What paths begin with and the function does not see, without the slash at its end; empty for nothing.
    public let strippedPrefix: String
    /// What visitors see in place of the node's page when the node fails to answer for the app; nil for nothing.
    public let errorPage: SiteManifest.File?
    /// Whether it is served under its own host: search engines are told to leave it out.
    public let isPreview: Bool

    /// A release; nothing is checked.
    ///
    /// - Parameter errorPage: Nil for that of `assets`.
    public init(
        name: String, release: String, tenant: String = "", assets: SiteRelease? = nil, routes: [RoutePattern] = [],
        strippedPrefix: String = "", errorPage: SiteManifest.File? = nil, isPreview: Bool = false
    ) {
        self.errorPage = errorPage ?? assets?.manifest.errorPage
        self.strippedPrefix = strippedPrefix
        self.isPreview = isPreview
        self.name = name
        self.release = release
        self.tenant = tenant
        self.assets = assets
        self.routes = routes
    }
}
