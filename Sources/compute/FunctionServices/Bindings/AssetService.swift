import Functions
import NIOCore

/// Answers `assets.get`.
///
/// Argument `{"path": "/a/b.css"}`, value `{"status": 200, "contentType": …, "etag": …}` with the file as body, or
/// `{"status": 404}`. A path that is none, or that leads out of the root, is not found.
struct AssetService: Sendable {
    struct Argument: Decodable, Sendable { var path: String }

    private struct Value: Encodable {
        var status: Int
        var contentType: String?
        var etag: String?
    }

    let assets: (any FunctionAssets)?

    func answer(_ call: HostCall) async throws -> HostAnswer {
        let argument = try CallArgument.decode(Argument.self, of: call)
        guard let path = AssetPath.normalized(argument.path),
            let asset = try await assets?.asset(at: path, of: call.version)
        else { return HostAnswer(value: try CallArgument.encode(Value(status: 404)), body: .empty) }
        let value = Value(status: 200, contentType: asset.contentType, etag: asset.etag)
        return HostAnswer(value: try CallArgument.encode(value), body: asset.body)
    }
}
