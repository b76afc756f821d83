public import Functions

/// One file of a release.
public struct FunctionAsset: Sendable {
    /// The media type, for `content-type`.
    public var contentType: String
    /// The entity tag with its quotes, for `etag`.
    public var etag: String
    /// Its bytes.
    public var body: FunctionBody

    /// Describes an asset.
    public init(contentType: String, etag: String, body: FunctionBody) {
        self.contentType = contentType
        self.etag = etag
        self.body = body
    }
}

/// Where the files of releases come from.
public protocol FunctionAssets: Sendable {
    /// The file at a path of a release; nil if it has none.
    ///
    /// - Parameter path: Begins with a slash, without escapes, `.`, `..` and doubled slashes; in UTF-8, at most 1,024
    ///   bytes.
    func asset(at path: String, of version: FunctionVersion) async throws -> FunctionAsset?
}
