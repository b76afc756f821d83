import Blake3
import BlobStore
import Exchange
import Foundation
import FunctionServices
import Functions
import Identity
import Ledger
import LedgerLog
import Manifests
import NIOCore
import Streams
import Synchronization

/// The code and the files of functions' releases: from this node's store, else from peers.
final class FunctionReleases: FunctionAssets {
    /// Manifests that are kept in memory.
    private static let maxKept = 256

    private let keeper: LedgerKeeper
    private let exchange: Exchange
    private let secrets: SecretKeeper
    private let group: any EventLoopGroup
    private let kept = Mutex<[BlobID: FunctionManifest]>([:])
    /// Manifests of releases that run nothing: the clock asks for them each minute.
    private let withoutFunction = Mutex<Set<BlobID>>([])

    init(
        keeper: LedgerKeeper, exchange: Exchange, secrets: SecretKeeper, group: any EventLoopGroup
    ) {
        self.secrets = secrets
        self.keeper = keeper
        self.exchange = exchange
        self.group = group
    }

    /// What the ledger says of a release; nil if it knows no such one.
    func release(_ release: String, of app: String) -> (record: ReleaseRecord, version: FunctionVersion)? {
        let state = keeper.state
        guard let name = AppName(app), let id = ReleaseID(release), let record = state.release(id, of: name),
            let owner = state.name(name)?.owner
        else { return nil }
        return (record, FunctionVersion(tenant: FunctionReleases.tenant(owner, app), release: release))
    }

    /// Apps of one name and owner, whatever their release.
    static func tenant(_ owner: AccountID, _ app: String) -> String { "\(owner)/\(app)" }

    /// What the ledger says of the name of a release's app; nil if it knows no such one.
    func name(of version: FunctionVersion) -> NameRecord? {
        version.tenant.split(separator: "/").last.flatMap { AppName(String($0)) }.flatMap { keeper.state.name($0) }
    }

    /// All releases of an app that the ledger keeps.
    func versions(of app: AppName) -> [FunctionVersion] {
        keeper.state.releases(of: app).compactMap { release($0.id.description, of: app.description)?.version }
    }

    /// The script with its environment and its secrets.
    func code(of record: ReleaseRecord) async throws -> FunctionCode {
        let function = try await manifest(of: record)
        let script = try await exchange.readAll(function.script, limit: ManifestLimits.maxCodeBytes)
        let values = try await secrets.values(of: function.secrets, for: record.name)
        var code = FunctionCode(
            script: script, fileName: function.sourceName,
            environment: function.environmentText(nodeID: keeper.node.description),
            limits: FunctionLimits(
                cpu: .milliseconds(function.limits.cpuMilliseconds), memoryBytes: function.limits.memoryBytes))
        if !values.isEmpty {
            code.secretEnvironment = function.environmentText(nodeID: keeper.node.description, extraVars: values)
        }
        return code
    }

    func code(of version: FunctionVersion) async throws -> FunctionCode { try await code(of: record(of: version)) }

    func manifest(of version: FunctionVersion) async throws -> FunctionManifest {
        try await manifest(of: record(of: version))
    }

    /// - Throws: ``FunctionError`` `.loadFailed` if the ledger has no such release of this tenant.
    private func record(of version: FunctionVersion) throws -> ReleaseRecord {
        let app = version.tenant.split(separator: "/").last.map(String.init) ?? ""
        guard let found = release(version.release, of: app), found.version == version else {
            throw FunctionError(.loadFailed, "The release \(version.release) of \(app) is gone")
        }
        return found.record
    }

    /// - Throws: ``FunctionError`` `.loadFailed` if the release runs no function; what fetching its manifest throws.
    func manifest(of record: ReleaseRecord) async throws -> FunctionManifest {
        guard let function = try await function(of: record) else {
            throw FunctionError(.loadFailed, "The release has no function; deploy it again")
        }
        return function
    }

    /// The function of a release that may have none, such as a composite app's.
    ///
    /// - Throws: What fetching its manifest throws.
    func function(of record: ReleaseRecord) async throws -> FunctionManifest? {
        let id = record.manifest
        if let known = kept.withLock({ $0[id] }) { return known }
        if withoutFunction.withLock({ $0.contains(id) }) { return nil }
        let bytes = try await exchange.readAll(id, limit: ManifestLimits.maxManifestBytes)
        guard let function = try Manifest(decoding: Data(bytes.readableBytesView)).function else {
            withoutFunction.withLock { ids in
                if ids.count >= FunctionReleases.maxKept { ids = [] }
                ids.insert(id)
            }
            return nil
        }
        kept.withLock { kept in
            if kept.count >= FunctionReleases.maxKept { kept = [:] }
            kept[id] = function
        }
        return function
    }

    // MARK: Assets

    func asset(at path: String, of version: FunctionVersion) async throws -> FunctionAsset? {
        let function = try await manifest(of: version)
        let name = String(path.dropFirst())
        guard let file = function.assets[name.isEmpty || name.hasSuffix("/") ? name + "index.html" : name] else {
            return nil
        }
        let handle = try await exchange.open(file.blob, keeping: .ifRoom)
        return FunctionAsset(
            contentType: file.contentType, etag: "\"\(file.blob)\"", body: .stream(stream(of: handle)))
    }

    private func stream(of handle: BlobHandle) -> ByteStream {
        let stream = ByteStream()
        let loop = group.next()
        let count = (handle.byteCount + BlockTree.blockByteCount - 1) / BlockTree.blockByteCount
        // The stream's consumer holds it; when that lets go, the task ends with its next block.
        Task { [weak stream] in
            do {
                for index in 0..<count {
                    let block = try await handle.block(index, on: loop).get()
                    guard let stream else { return }
                    try await stream.write(block)
                }
                stream?.finish()
            } catch {
                stream?.fail(error)
            }
        }
        return stream
    }
}
