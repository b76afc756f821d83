import Blake3
public import ControlModel
import Foundation
public import Identity
public import Ledger
import Manifests
import NIOCore

/// Deploys apps through one node.
public struct Deployer: Sendable {
    /// How a deployment goes on, for a progress display.
    public enum Progress: Sendable {
        /// The files were found and hashed.
        case hashed(files: Int, bytes: Int)
        /// Of the blobs that the node lacks, how much it has by now.
        case uploading(blobs: Int, ofBlobs: Int, bytes: Int, ofBytes: Int)
        /// The release is on the ledger.
        case published(ReleaseID)
        /// So many of its replicas hold it whole.
        case replicated(ready: Int, of: Int)
        /// The name points to it.
        case live
    }

    /// What a deployment did.
    public struct Result: Codable, Sendable {
        public var name: String
        public var release: String
        /// Base URLs of the gateways under which the name is served, the used node's first.
        public var url: String
        /// Where this very release is served, whichever is live; nil if the name is too long for that.
        public var previewURL: String?
        /// Whether exactly this content was live already, so that nothing was published.
        public var unchanged: Bool
        public var files: Int
        public var bytes: Int
        /// Blobs that the node lacked, the manifest included.
        public var uploadedBlobs: Int
        public var uploadedBytes: Int
        /// Hidden files that were left out.
        public var hidden: Int
        /// Replicas that held the release some seconds after it went live at the latest.
        public var replicas: [String]
        /// How many nodes were to hold it.
        public var wantedReplicas = 0
        /// Nodes that had not applied the release when the command ended.
        public var behind: [String]
        /// The size of a function's script; nil for a site.
        public var scriptBytes: Int?
        /// What made the script, such as `esbuild 0.17.0`.
        public var bundler: String?
        /// A path that the function answers, for trying it out; nil for a site.
        public var probePath: String?
        /// What deserves a look in a function's code, as `file:line:column: message`.
        public var warnings: [String] = []
        /// Who answers which paths of a composite app, in the order in which routes are tried; nil for other apps.
        public var routes: [Route]?
        /// Files in content codings that are kept beside the files.
        public var variants = 0
        /// What clients save that take the smallest variant of each file, in bytes.
        public var savedBytes = 0
        /// Rules of `_redirects`, and paths in `_headers`.
        public var rules = 0

        mutating func note(_ content: SiteContent) {
            variants = content.variantCount
            savedBytes = content.savedBytes
            let site = content.manifest.rules
            rules = site.redirects.count + (site.headers?.rules.count ?? 0)
            warnings += content.warnings
        }
    }

    /// How long a release may take to reach its replicas before it goes live with fewer.
    private static let replicationTimeout = Duration.seconds(60)
    /// Replicas that must hold a release before it goes live, if there are as many.
    private static let neededReplicas = 2

    /// How long a release that is live may take to reach the others, before the result says that it did not.
    private static let lastReplicasMillis = 8_000

    let client: NodeClient
    private let key: SigningKey
    /// The program that code is loaded with before it is deployed; nil deploys it untried.
    let workerPath: String?
    let report: @Sendable (Progress) -> Void

    /// - Parameters:
    ///   - workerPath: The `skerry-worker` program, which loads code on this machine before anything is uploaded; nil deploys
    ///     code untried.
    public init(
        client: NodeClient, key: SigningKey, workerPath: String? = nil,
        report: @escaping @Sendable (Progress) -> Void = { _ in }
    ) {
        self.client = client
        self.key = key
        self.workerPath = workerPath
        self.report = report
    }

    // MARK: What to deploy

    /// Deploys a folder as a site.
    ///
    /// - Parameters:
    ///   - isSinglePage: Whether paths that look like pages and have no file get the index.
    ///   - hasCleanURLs: Whether pages live without `.html` only.
    /// - Throws: `SiteRulesError` with every mistake in `_redirects` or `_headers`, before anything is uploaded.
    public func deploySite(
        folder: String, name: AppName, isSinglePage: Bool = false, hasCleanURLs: Bool = false, message: String = ""
    ) async throws -> Result {
        let known = try await checkOwner(name)
        let site = try SiteFolder(folder)
        let content = try await SiteContent(site, isSinglePage: isSinglePage, hasCleanURLs: hasCleanURLs)
        let files = content.manifest
        report(.hashed(files: files.files.count, bytes: files.byteCount))
        var result = try await deploy(name, known, .site, .site(files), content.sources, message)
        result.files = files.files.count
        result.bytes = files.byteCount
        result.hidden = site.hiddenCount
        result.note(content)
        if files.files["index.html"] == nil, files.rules.redirects.isEmpty {
            result.warnings.append(
                "\(folder) has no index.html, so visitors of / get a 404; deploy the folder that has it")
        }
        return result
    }

    /// Lets the name point to a release without any content.
    public func withdraw(_ name: AppName, message: String = "") async throws -> Result {
        guard let known = try await checkOwner(name) else {
            throw ClientError(.badInput, "Nobody owns the name \"\(name)\"; `skerry releases list` shows all names")
        }
        return try await deploy(name, known, .site, .site(try SiteManifest(files: [:])), [:], message)
    }

    /// A name that somebody else owns is noticed before anything is uploaded.
    func checkOwner(_ name: AppName) async throws -> NameInfo? {
        guard !name.isReserved else {
            throw ClientError(.badInput, "The name \"\(name)\" is reserved; choose another")
        }
        let known = try await client.name(name)
        if let known, known.owner != key.publicKey.account.description {
            throw ClientError(
                .nameTaken,
                "The name \"\(name)\" belongs to the account \(known.owner); choose another, or deploy with its key")
        }
        return known
    }

    // MARK: Publishing

    func deploy(
        _ name: AppName, _ known: NameInfo?, _ kind: ReleaseKind, _ manifest: Manifest,
        _ sources: [BlobID: BlobUploader.Source],
        _ message: String, machine: MachineManifest? = nil
    ) async throws -> Result {
        let bytes = ByteBuffer(bytes: try manifest.encoded())
        let id = BlobID(Blake3.hash(bytes.readableBytesView))
        let status = try await client.status()
        var result = Result(
            name: name.description, release: "", url: Deployer.url(of: name, gateway: status.gateway), unchanged: false,
            files: 0, bytes: sources.values.reduce(0) { $0 + $1.byteCount }, uploadedBlobs: 0, uploadedBytes: 0,
            hidden: 0, replicas: [], behind: [])
        let report = report
        let uploaded = try await BlobUploader(client: client).upload(sources.merging([id: .bytes(bytes)]) { $1 }) {
            report(.uploading(blobs: $0.blobs, ofBlobs: $0.ofBlobs, bytes: $0.bytes, ofBytes: $0.ofBytes))
        }
        result.uploadedBlobs = uploaded.blobs
        result.uploadedBytes = uploaded.bytes
        if let known, let live = known.releases.first(where: \.live), live.manifest == id.description {
            result.release = live.id
            result.unchanged = true
            result.previewURL = Deployer.previewURL(of: name, live.id, gateway: status.gateway)
            return result
        }
        if known == nil { _ = try await submit(.claimName(name)) }
        let release = NewRelease(
            kind: kind, manifest: id, manifestByteCount: UInt64(bytes.readableBytes), message: message,
            settings: Data(), sizeClass: machine.flatMap { SizeClass($0.size.description) },
            replicas: UInt32(clamping: machine?.maxReplicas ?? 0))
        let published = try await submit(.publishRelease(name, release))
        guard let releaseID = published.release.flatMap(ReleaseID.init) else {
            throw ClientError(.badAnswer, "The ledger did not say which release it published; update the node")
        }
        report(.published(releaseID))
        result.release = releaseID.description
        result.previewURL = Deployer.previewURL(of: name, releaseID.description, gateway: status.gateway)
        var readiness = try await waitForReplicas(name, releaseID)
        let promoted = try await submit(.promoteRelease(name, releaseID, percent: 100))
        result.behind = promoted.behind
        report(.live)
        if readiness.ready.count < readiness.replicas.count {
            // Others stand in for those without room; they hear of it while the first replicas are ready.
            let later = try? await client.readiness(
                name: name, release: releaseID, waitMillis: Deployer.lastReplicasMillis)
            if let later, later.ready.count > readiness.ready.count { readiness = later }
        }
        result.replicas = readiness.ready
        result.wantedReplicas = readiness.replicas.count
        return result
    }

    /// Waits until enough replicas hold the release, so that the name never points to what nobody can serve.
    private func waitForReplicas(_ name: AppName, _ release: ReleaseID) async throws -> ReadinessReport {
        let deadline = ContinuousClock.now + Deployer.replicationTimeout
        while true {
            let readiness = try await client.readiness(name: name, release: release, waitMillis: 2_000)
            report(.replicated(ready: readiness.ready.count, of: readiness.replicas.count))
            if readiness.ready.count >= min(Deployer.neededReplicas, readiness.replicas.count) {
                return readiness
            }
            if ContinuousClock.now >= deadline {
                guard readiness.ready.isEmpty else { return readiness }
                throw ClientError(
                    .unreachable,
                    "No replica of \(name) holds release \(release) after \(Deployer.replicationTimeout); the name still "
                        + "points to its old release. Look at `skerry status`, then repeat the command")
            }
        }
    }

    /// Goes back to `release`, or to the one that was live before.
    public func rollBack(_ name: AppName, to release: ReleaseID?) async throws -> TransactionReceipt {
        _ = try await checkOwner(name)
        return try await submit(.rollBack(name, to: release))
    }

    private func submit(_ action: LedgerAction) async throws -> TransactionReceipt {
        try await LedgerClient(client).submit(action, key: key)
    }

    /// `http://<name>.localhost:<port>/` for a gateway's base URL.
    public static func url(of name: AppName, gateway: String) -> String { url(host: name.description, gateway) }

    /// The same for one release; nil if the name is too long to have such a host.
    public static func previewURL(of name: AppName, _ release: String, gateway: String) -> String? {
        ReleaseID(release).flatMap { PreviewHost($0, of: name) }.map { url(host: $0.description, gateway) }
    }

    private static func url(host: String, _ gateway: String) -> String {
        let port = gateway.split(separator: ":").last.flatMap { Int($0) } ?? 80
        return "http://\(host).localhost:\(port)/"
    }
}
