import Foundation
public import NIOCore

/// Where an app's content comes from, and how it is asked for.
public struct OriginDescription: Hashable, Sendable {
    /// The kinds of origins.
    public enum Source: Hashable, Sendable {
        /// A web server; an `http` or `https` URL whose path goes before the request's.
        case http(url: String)
        /// A bucket of an S3-compatible service.
        case s3(S3Location)
        /// A file or folder of IPFS, verified by its CID.
        case ipfs(IPFSLocation)
        /// A folder on the node, below one of the roots that its operator allows.
        case directory(path: String)
    }

    /// The content's source.
    public var source: Source
    /// Whose app it is: what one owner's requests do to connections, limits and breakers, no other one feels. Default empty.
    public var owner = ""
    /// Lines that replace lines of the same name in each request.
    public var addedFields: OriginFields = [:]
    /// Names of fields that are not passed on, in lower case.
    public var removedFields: [String] = []
    /// The `Host` that the origin hears; nil: that of its URL. The TLS name stays the URL's.
    public var host: String?
    /// Time for connecting to one address, TLS included. Default 5 s.
    public var connectTimeout: TimeAmount = .seconds(5)
    /// Time from the request to the answer's fields, for each attempt. Default 30 s.
    public var firstByteTimeout: TimeAmount = .seconds(30)
    /// Longest wait for the next bytes of the body while somebody wants them. Default 30 s.
    public var idleTimeout: TimeAmount = .seconds(30)
    /// Times that a request which may be repeated is sent again. Default 2, at most 5.
    public var retries = 2
    /// Whether the node follows redirects itself rather than pass them to the visitor. Default false.
    public var followsRedirects = false
    /// Requests to the origin that are open at a time on this node, until the end of the body. Default 512.
    public var maxConcurrent = 512

    /// A source with the default settings.
    public init(_ source: Source) { self.source = source }

    /// The source as text, without credentials: for logs, metrics and breakers.
    public var name: String {
        switch source {
        case .http(let url): OriginName.withoutSecrets(url)
        case .s3(let location):
            "s3://\(location.bucket)/\(location.prefix)@\(OriginName.withoutSecrets(location.endpoint))"
        case .ipfs(let location): "ipfs://\(location.cid)/\(location.path)"
        case .directory(let path): "directory \(path)"
        }
    }
}

/// Names of origins for logs.
enum OriginName {
    /// A URL without what stands before its `@`, and without its query.
    static func withoutSecrets(_ url: String) -> String {
        let plain = url.prefix { $0 != "?" && $0 != "#" }
        guard let start = plain.range(of: "://")?.upperBound else { return String(plain) }
        let authority = plain[start...].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return String(plain) }
        return String(plain[..<start] + plain[plain.index(after: at)...])
    }
}
