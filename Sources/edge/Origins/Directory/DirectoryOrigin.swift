import Foundation
import Manifests
import NIOCore
import NIOPosix
import Streams

/// A folder on the node as an origin: GET and HEAD of its files. Symbolic links below the folder are not followed, and
/// hidden files are not there.
struct DirectoryOrigin: Origin {
    private static let partBytes = 128 << 10

    private let root: String
    private let threads: NIOThreadPool

    /// - Parameters:
    ///   - path: Absolute.
    ///   - roots: The folders that the operator allows, absolute.
    /// - Throws: ``OriginError`` if the path is not below an allowed root, with all links in both followed.
    init(path: String, roots: [String], threads: NIOThreadPool) throws {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw OriginError(.badDescription, "the folder \(path.prefix(200)) must be an absolute path")
        }
        let real = Self.real(path)
        guard let real, roots.contains(where: { Self.isInside(real, Self.real($0)) }) else {
            throw OriginError(
                .refusedAddress,
                "the folder \(path.prefix(200)) does not exist below a folder that the node's operator allows; "
                    + "the operator can add one to `origins.allowedDirectories`")
        }
        root = real
        self.threads = threads
    }

    func fetch(_ request: OriginRequest, ended: @escaping @Sendable (OriginError?) -> Void) async throws
        -> OriginResponse
    {
        guard ["GET", "HEAD"].contains(request.method), request.body == nil else {
            defer { ended(nil) }
            return SyntheticResponse.methodNotAllowed(request.method)
        }
        let path = try ContentPath(request.path)
        guard !path.isHidden else {
            defer { ended(nil) }
            return SyntheticResponse.notFound(method: request.method)
        }
        let segments = path.fileSegments
        let found = try await threads.runIfActive { [root] in DirectoryFile.open(root, segments) }
        switch found {
        case .nothing:
            defer { ended(nil) }
            return SyntheticResponse.notFound(method: request.method)
        case .folder:
            defer { ended(nil) }
            return path.isFolder
                ? SyntheticResponse.notFound(method: request.method)
                : SyntheticResponse.folder(segments.last ?? "", method: request.method)
        case .file(let file): return answer(request, file, segments.last ?? "", ended)
        }
    }

    private func answer(
        _ request: OriginRequest, _ file: DirectoryFile, _ name: String,
        _ ended: @escaping @Sendable (OriginError?) -> Void
    ) -> OriginResponse {
        let selection = SyntheticResponse.select(
            request, count: file.byteCount, tag: file.tag,
            modified: Calendar.httpDate(unixSeconds: file.modified.seconds))
        var fields = selection.fields
        fields.set("content-type", MediaType.of(path: name))
        guard let bytes = selection.bytes, request.method == "GET", !bytes.isEmpty else {
            defer { ended(nil) }
            let length = selection.bytes.map { Int64($0.count) }
            return OriginResponse(status: selection.status, fields: fields, body: Pump.empty(), length: length ?? 0)
        }
        let threads = threads
        let body = Pump.start(ended: ended) { stream in
            var position = bytes.lowerBound
            while position < bytes.upperBound {
                let start = position
                let count = Int(min(Int64(Self.partBytes), bytes.upperBound - position))
                let part = try await threads.runIfActive { try file.read(at: start, count: count) }
                guard part.count == count else {
                    throw OriginError(.badResponse, "a file of the origin's folder became shorter while it was read")
                }
                position += Int64(count)
                try await stream.write(ByteBuffer(bytes: part))
            }
        }
        return OriginResponse(status: selection.status, fields: fields, body: body, length: Int64(bytes.count))
    }

    /// The path with all links followed; nil if there is nothing.
    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func isInside(_ path: String, _ root: String?) -> Bool {
        guard let root else { return false }
        return path == root || path.hasPrefix(root == "/" ? "/" : root + "/")
    }
}
