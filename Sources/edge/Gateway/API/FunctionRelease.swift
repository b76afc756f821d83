public import Manifests

/// One immutable version of a function.
public struct FunctionRelease: Sendable {
    /// The app's name.
    public let name: String
    /// The release's id, as people read it.
    public let release: String
    /// Files that are served beside the function.
    public let assets: SiteRelease?
    /// Paths that are the function's even where there is a file. With routes, other paths are never the function's;
    /// without, it answers every path that is no file.
    public let routes: [RoutePattern]

    /// A release; nothing is checked.
    public init(name: String, release: String, assets: SiteRelease? = nil, routes: [RoutePattern] = []) {
        self.name = name
        self.release = release
        self.assets = assets
        self.routes = routes
    }
}
