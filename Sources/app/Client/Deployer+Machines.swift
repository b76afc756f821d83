import AppManifests
import ControlModel
import Foundation
import Identity
import Images
public import Ledger
public import Manifests

/// Machines.
extension Deployer {
    /// How a rollout goes on.
    private static let rolloutPause = Duration.milliseconds(200)
    /// What a rollout may take beside the time that each slot has for itself.
    private static let rolloutSpare = Duration.seconds(60)

    /// Where an image is read from, by the text of a `skerry.toml`: `oci:FOLDER`, `archive:FILE`, or a registry's
    /// reference.
    ///
    /// - Parameter folder: What paths are relative to.
    /// - Throws: `ImageError` for a text that names no image.
    static func origin(_ text: String, in folder: String) throws -> ImageImporter.Origin {
        func path(_ prefix: String) -> String? {
            guard text.hasPrefix(prefix) else { return nil }
            let path = String(text.dropFirst(prefix.count))
            return path.hasPrefix("/") ? path : folder + "/" + path
        }
        if let path = path("oci:") { return .layout(path) }
        if let path = path("archive:") { return .archive(path) }
        return .registry(try ImageReference(checking: text))
    }

    /// Imports the image of a machine and describes the machine.
    func machine(_ app: AppManifest, in folder: String) async throws -> MachineManifest {
        guard let machine = app.machine else {
            throw ClientError(.badInput, "\(AppManifest.fileName) describes no machine; write [machine]")
        }
        var settings = ImageImporter.Settings()
        settings.registry.trustsNamedRegistry = true
        let report = report
        let imported = try await ImageImporter(NodeImageStore(client: client), settings: settings).run(
            try Deployer.origin(machine.image, in: folder)
        ) { progress in
            report(
                .uploading(
                    blobs: 0, ofBlobs: 1, bytes: progress.storedBytes,
                    ofBytes: max(progress.totalBytes, progress.storedBytes)))
        }
        let manifest = machine.manifest(image: imported.image.blob, layers: imported.image.layerBlobs)
        if let problem = manifest.problem { throw ClientError(.badInput, "The machine has \(problem)") }
        return manifest
    }

    /// Deploys a machine, and waits until its slots run the release or went back to the one before.
    ///
    /// - Throws: ``ClientError`` `.rolloutFailed` if the new release did not become healthy; the name points to the old
    ///   one again then.
    func deployMachine(folder: String, _ app: AppManifest, _ name: AppName, _ message: String) async throws -> Result {
        _ = try await checkOwner(name)
        return try await deployMachine(try await machine(app, in: folder), name, message)
    }

    /// As above, for a manifest that is made already, such as one of another scale.
    public func deployMachine(_ manifest: MachineManifest, _ name: AppName, _ message: String) async throws -> Result {
        let known = try await checkOwner(name)
        let absent = try await absentServices(manifest.bindings, of: name)
        var result = try await deploy(name, known, .machine, .machine(manifest), [:], message, machine: manifest)
        result.warnings += absent
        try await settle(manifest, name, known, &result)
        return result
    }

    /// Waits until the machines of a release that was made live run it, or nodes went back to the one before.
    ///
    /// - Throws: As `deployMachine`.
    func settle(
        _ machine: MachineManifest, _ name: AppName, _ known: NameInfo?, _ result: inout Result
    ) async throws {
        if machine.health == nil {
            result.warnings.append(
                "the machine has no health check, so a release counts as good as soon as its "
                    + (machine.ports.isEmpty ? "process runs" : "first port is open") + "; write [machine.health]")
        }
        guard !result.unchanged, machine.maxReplicas > 0 else { return }
        try await waitForRollout(name, result.release, machine, wasLive: known?.releases.contains { $0.live } ?? false)
    }

    /// Deploys the live release once more with another machine, such as one of another scale.
    ///
    /// - Parameter change: What is to be different.
    /// - Throws: ``ClientError`` `.badInput` if there is no machine, or may be none such; what `deployMachine` throws.
    public func changeMachine(
        of name: AppName, _ message: String, _ change: (inout MachineManifest) throws -> Void
    ) async throws -> Result {
        let known = try await checkOwner(name)
        let manifest = try await liveManifest(of: name, known)
        guard var machine = manifest.machine else {
            throw ClientError(
                .badInput,
                "The live release of \(name) has no machine; `skerry machines list` shows the apps that have some")
        }
        try change(&machine)
        if let problem = machine.problem { throw ClientError(.badInput, "The machine would have \(problem)") }
        guard case .composite(let composite) = manifest else { return try await deployMachine(machine, name, message) }
        let changed = try composite.replacing(machine: machine)
        var result = try await deploy(name, known, .composite, .composite(changed), [:], message, machine: machine)
        try await settle(machine, name, known, &result)
        return result
    }

    /// The manifest of a name's live release.
    ///
    /// - Throws: ``ClientError`` `.badInput` if it has none.
    public func liveManifest(of name: AppName) async throws -> Manifest {
        try await liveManifest(of: name, try await client.name(name))
    }

    private func liveManifest(of name: AppName, _ known: NameInfo?) async throws -> Manifest {
        guard let live = known?.releases.first(where: { $0.live }) else {
            throw ClientError(.badInput, "\(name) has no live release; deploy it first")
        }
        return try await client.manifest(of: live)
    }

    func waitForRollout(
        _ name: AppName, _ release: String, _ manifest: MachineManifest, wasLive: Bool
    ) async throws {
        let each = Duration.milliseconds(manifest.rolloutTimeoutMilliseconds)
        let deadline = ContinuousClock.now + each * manifest.maxReplicas + Deployer.rolloutSpare
        var last: MachineAppInfo?
        while ContinuousClock.now < deadline {
            let app = try await client.machines().apps.first { $0.app == name.description }
            last = app
            if let app, app.live == release {
                let good = app.machines.filter { Deployer.isGood($0, release) }
                report(.replicated(ready: good.count, of: manifest.maxReplicas))
                if app.target != release {
                    try await giveUp(name, release, app, wasLive: wasLive)
                }
                if app.isSettled, good.count >= manifest.maxReplicas { return }
            }
            try await Task.sleep(for: Deployer.rolloutPause)
        }
        let states =
            last?.machines.map { "slot \($0.slot) is \($0.state)\($0.reason.isEmpty ? "" : " (\($0.reason))")" } ?? []
        throw ClientError(
            .rolloutFailed,
            "Release \(release) of \(name) is live, but not all of its machines are healthy in time: "
                + (states.isEmpty
                    ? "no node took them; look at `skerry machines list`" : states.joined(separator: ", ")))
    }

    /// The nodes went back by themselves; the name follows them.
    private func giveUp(_ name: AppName, _ release: String, _ app: MachineAppInfo, wasLive: Bool) async throws -> Never
    {
        if wasLive, app.target != nil { _ = try await rollBack(name, to: app.target.flatMap { ReleaseID($0) }) }
        throw Deployer.gaveUp(release, name, app, app.target.map { "release \($0) serves as before" })
    }
}
