import AppManifests
import ArgumentParser
import Client
import Foundation
import Functions
import Ledger
import Node

/// What `skerry deploy` and `skerry functions deploy` take, and what they do.
struct DeployOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A folder with a skerry.toml or an index.html, or a source file with a handler. Default: this folder.",
            valueName: "path"), completion: .file())
    var path = "."

    @Option(help: "The app's name, in place of the one in skerry.toml.", transform: AppName.argument)
    var name: AppName?

    @Option(help: "A note that `skerry releases list` shows.")
    var message = ""

    @Flag(
        inversion: .prefixedNo,
        help: "Load the function's code on this machine first, and call it once when it is live.")
    var probe = true

    @Flag(help: "Show what the rollout of a machine would do, and change nothing.")
    var dryRun = false

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    private static let sources = [".js", ".mjs", ".ts", ".mts", ".tsx", ".jsx", ".wasm"]
    private static let probeTimeout = Duration.seconds(20)

    /// What `--json` prints: the deployment, and the first answer.
    private struct Report: Encodable {
        var result: Deployer.Result
        var coldStartMilliseconds: Double?
        var firstStatus: Int?

        private enum CodingKeys: String, CodingKey { case coldStartMilliseconds, firstStatus }

        func encode(to encoder: any Encoder) throws {
            try result.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(coldStartMilliseconds, forKey: .coldStartMilliseconds)
            try container.encodeIfPresent(firstStatus, forKey: .firstStatus)
        }
    }

    func run() async throws {
        let start = ContinuousClock.now
        if dryRun { return try await plan(name) }
        let key = try account.load()
        let deployer = Deployer(
            client: try node.client(key: key), key: key,
            workerPath: probe ? SkerryNode.workerBesideThisExecutable() : nil
        ) { DeployOptions.show($0) }
        let result = try await deploy(deployer, name)
        let duration = ContinuousClock.now - start
        var first: (status: Int, error: String?, time: Duration)?
        if probe, !result.unchanged, let path = result.probePath, let name = AppName(result.name) {
            let request = AppRequest(name: name, gateway: try await node.gateway(), path: path)
            first = await request.measure(timeout: DeployOptions.probeTimeout)
        }
        if node.data.json {
            try Terminal.printJSON(
                Report(
                    result: result, coldStartMilliseconds: first.map { $0.time / .milliseconds(1) },
                    firstStatus: first?.status))
        } else {
            for warning in result.warnings { Terminal.note("warning: \(warning)") }
            summarise(result, duration)
            if let first {
                Terminal.print(
                    "first request, GET \(result.probePath ?? "/"), answered with \(first.status) after "
                        + "\(Human.seconds(first.time)), cold start included")
                if let error = first.error {
                    Terminal.note("warning: it failed with \(error); `skerry functions logs \(result.name)` says why")
                }
            }
            if let preview = result.previewURL { Terminal.print("this release stays at \(preview)") }
            Terminal.print(result.url)
        }
        // Code that could not be tried here: the nodes' word comes late, but a script must not take this for done.
        if first?.error == FunctionError.Code.loadFailed.rawValue {
            throw CommandError(
                "The code of release \(result.release) does not load, and the release is live; deploy it again when it is "
                    + "mended, or go back with `skerry releases rollback \(result.name)`")
        }
    }

    private func plan(_ name: AppName?) async throws {
        guard let app = try Deployer.manifest(in: path), let machine = app.machine?.described else {
            throw ValidationError("--dry-run is for machines: a folder whose skerry.toml has [machine]")
        }
        let name = try name ?? AppName(checking: app.name)
        let report = try await RolloutReport(machine, name, try node.client())
        if node.data.json { return try Terminal.printJSON(report) }
        for line in report.lines { Terminal.print(line) }
    }

    private func deploy(_ deployer: Deployer, _ name: AppName?) async throws -> Deployer.Result {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandError("\(path) does not exist; give a folder or a source file")
        }
        let named = { () throws -> AppName in
            guard let name else {
                throw ValidationError(
                    "\(path) has no skerry.toml that names the app; write one (docs/apps.md), or give --name")
            }
            return name
        }
        if isFolder.boolValue {
            if let app = try Deployer.manifest(in: path) {
                return try await deployer.deployApp(folder: path, app, name: name, message: message)
            }
            return try await deployer.deploySite(folder: path, name: try named(), message: message)
        }
        guard DeployOptions.sources.contains(where: path.hasSuffix) else {
            throw CommandError(
                "\(path) is neither a folder nor a source file (\(DeployOptions.sources.joined(separator: ", ")))")
        }
        return try await deployer.deployFunction(file: path, name: try named(), message: message)
    }

    private func summarise(_ result: Deployer.Result, _ duration: Duration) {
        if result.files > 0 {
            let hidden = result.hidden > 0 ? "; \(result.hidden) hidden left out" : ""
            Terminal.print("\(Human.count(result.files, "file")), \(Human.bytes(result.bytes))\(hidden)")
        }
        if let bytes = result.scriptBytes {
            Terminal.print("script \(Human.bytes(bytes))" + (result.bundler.map { ", bundled by \($0)" } ?? ""))
        }
        if let routes = result.routes {
            let rows = routes.map { [$0.path, $0.part, $0.source ?? $0.kind] }
            for line in Human.table([["ROUTE", "PART", "CONTENT"]] + rows) { Terminal.print(line) }
        }
        if result.variants > 0 {
            Terminal.print(
                "\(Human.count(result.variants, "variant")) in content codings, which save up to \(Human.bytes(result.savedBytes))"
            )
        }
        if result.rules > 0 { Terminal.print(Human.count(result.rules, "rule")) }
        Terminal.print("uploaded \(Human.count(result.uploadedBlobs, "blob")), \(Human.bytes(result.uploadedBytes))")
        if result.unchanged {
            Terminal.print("release \(result.release) with exactly this content is live already")
        } else {
            let replicas = Human.count(result.replicas.count, "replica")
            Terminal.print("release \(result.release) live after \(Human.seconds(duration)), held by \(replicas)")
        }
        if result.replicas.count < result.wantedReplicas {
            Terminal.note(
                "warning: \(result.replicas.count) of the \(result.wantedReplicas) nodes that are to hold this release have it; "
                    + "the others still fetch it or do not answer, or too few nodes have room for it; they go on trying: see "
                    + "`skerry status`")
        }
        for node in result.behind {
            Terminal.note("note: node \(node.prefix(8)) did not answer; it follows when it is back")
        }
    }

    private static func show(_ progress: Deployer.Progress) {
        switch progress {
        case .hashed(let files, let bytes): Terminal.progress("hashed \(files) files, \(Human.bytes(bytes))")
        case .uploading(let blobs, let ofBlobs, let bytes, let ofBytes):
            Terminal.progress("uploading \(blobs)/\(ofBlobs) blobs, \(Human.bytes(bytes)) of \(Human.bytes(ofBytes))")
        case .published(let release): Terminal.progress("published release \(release)")
        case .replicated(let ready, let count): Terminal.progress("\(ready) of \(count) replicas hold the release")
        case .live: Terminal.progress("live")
        }
    }
}
