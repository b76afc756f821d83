import Blake3
import ControlModel
import Foundation
public import Identity
import Manifests
import NIOCore

/// Brings a folder into the network under one blob id, and back.
///
/// The id is that of a site manifest: a folder that was imported and one that was deployed share all their blobs.
public struct FolderTransfer: Sendable {
    /// What an import or an export moved.
    public struct Result: Codable, Sendable {
        /// The blob id of the manifest.
        public var id: String
        public var files: Int
        public var bytes: Int
        /// Blobs that the node lacked, the manifest included; for an export, files that were written.
        public var transferred: Int
        /// Hidden files that were left out.
        public var hidden: Int
    }

    private let client: NodeClient

    public init(client: NodeClient) { self.client = client }

    /// Stores all files of a folder and a manifest of them on the node, and pins it for the client's account. Durable on
    /// that node when this returns.
    ///
    /// - Throws: ``ClientError`` for what ``SiteFolder`` refuses or a file that changes meanwhile.
    public func importFolder(
        _ path: String, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> Result {
        let folder = try SiteFolder(path)
        let (site, sources) = try folder.hashed()
        let bytes = ByteBuffer(bytes: try Manifest.site(site).encoded())
        let id = BlobID(Blake3.hash(bytes.readableBytesView))
        let uploader = BlobUploader(client: client)
        let uploaded = try await uploader.upload(sources.merging([id: .bytes(bytes)]) { $1 }) {
            progress($0.bytes, $0.ofBytes)
        }
        _ = try await client.pin([id], asFolders: true)
        return Result(
            id: id.description, files: folder.items.count, bytes: site.byteCount, transferred: uploaded.blobs,
            hidden: folder.hiddenCount)
    }

    /// Writes the folder behind a manifest to `path`, which must not exist or be an empty folder. Every file is verified,
    /// and the folder appears whole or not at all.
    ///
    /// - Throws: ``ClientError`` if the blob is no manifest of a folder, a blob cannot be had or does not verify, or the
    ///   folder cannot be written.
    public func exportFolder(
        _ id: BlobID, to path: String, gateway: String, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> Result {
        let manager = FileManager.default
        if let names = try? manager.contentsOfDirectory(atPath: path) {
            guard names.isEmpty else {
                throw ClientError(.badInput, "The folder \(path) is not empty; give another one")
            }
        } else if manager.fileExists(atPath: path) {
            throw ClientError(.badInput, "\(path) is a file; give the name of a folder")
        }
        let part = "\(path).\(getpid()).part"
        defer { try? manager.removeItem(atPath: part) }
        let download = BlobDownload(gateway: gateway)
        let site = try await manifest(id, part, download)
        var written = 0
        for (name, file) in site.files.sorted(by: { $0.key < $1.key }) {
            let target = "\(part)/\(name)"
            try FolderTransfer.makeFolder((target as NSString).deletingLastPathComponent)
            let before = written
            written += try await download.save(file.blob, to: target) { count, _ in
                progress(before + count, site.byteCount)
            }
        }
        // An empty folder gives way to the complete one in one step.
        guard rename(part, path) == 0 else {
            throw ClientError(.fileUnusable, "Cannot write the folder \(path): \(String(cString: strerror(errno)))")
        }
        return Result(
            id: id.description, files: site.files.count, bytes: written, transferred: site.files.count, hidden: 0)
    }

    private func manifest(_ id: BlobID, _ part: String, _ download: BlobDownload) async throws -> SiteManifest {
        try FolderTransfer.makeFolder(part)
        let file = part + "/.manifest"
        _ = try await download.save(id, to: file)
        defer { unlink(file) }
        let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
        guard size <= ManifestLimits.maxManifestBytes, let bytes = FileManager.default.contents(atPath: file),
            case .site(let site)? = try? Manifest(decoding: bytes)
        else {
            throw ClientError(
                .badInput, "The blob \(id) is no folder; `skerry blob get` writes single blobs to a file")
        }
        return site
    }

    private static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw ClientError(.fileUnusable, "Cannot make the folder \(path): \(SystemFailure.reason(error))")
        }
    }
}

extension SiteFolder {
    /// The manifest of the files, and where their bytes are.
    func hashed() throws -> (SiteManifest, [BlobID: BlobUploader.Source]) {
        var files: [String: SiteManifest.File] = [:]
        var sources: [BlobID: BlobUploader.Source] = [:]
        for item in items {
            let (digest, byteCount) = try Blake3.hashFile(path: item.location, threads: 2)
            let id = BlobID(digest)
            files[item.path] = SiteManifest.File(
                blob: id, byteCount: byteCount, contentType: MediaType.of(path: item.path))
            sources[id] = .file(item.location, byteCount)
        }
        return (try SiteManifest(files: files), sources)
    }
}
