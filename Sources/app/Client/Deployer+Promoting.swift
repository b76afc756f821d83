import ControlModel
public import Ledger
public import Manifests

/// Promoting releases. Those that have machines take time, other than code, and may turn out not to work.
extension Deployer {
    /// How often it is looked.
    private static let promotionPause = Duration.milliseconds(200)
    /// What a promotion may take beside the time that each slot has for itself.
    private static let promotionSpare = Duration.seconds(60)

    /// The machine of one of an app's releases; nil for one without a machine, and for one that the ledger does not know.
    public func machine(of release: ReleaseID, _ name: AppName) async throws -> MachineManifest? {
        try await manifest(of: release, name, ifOneOf: [.machine, .composite])?.machine
    }

    /// The release that visitors of an app get, if it runs a function, alone or beside other parts: what its nodes can go
    /// back to by themselves.
    public func liveFunction(of name: AppName) async throws -> ReleaseID? {
        guard let release = try await client.name(name)?.releases.first(where: \.live), let live = ReleaseID(release.id)
        else { return nil }
        if release.kind == ReleaseKind.function.rawValue { return live }
        return try await manifest(of: live, name, ifOneOf: [.composite])?.function == nil ? nil : live
    }

    /// A release's manifest; nil for one of another kind, and for one that the ledger does not know.
    private func manifest(
        of release: ReleaseID, _ name: AppName, ifOneOf kinds: [ReleaseKind]
    ) async throws -> Manifest? {
        let known = try await client.name(name)?.releases.first { $0.id == release.description }
        guard let known, kinds.map(\.rawValue).contains(known.kind) else { return nil }
        return try await client.manifest(of: known)
    }

    /// Why some visitors cannot get a release with a machine while others get the live one; nil if they can.
    public func obstacle(toSharing release: ReleaseID, of name: AppName) async throws -> String? {
        let host = PreviewHost(release, of: name).map { ", \($0).localhost" } ?? ""
        let instead = "look at it under its own host\(host), or promote it for all visitors"
        let live = try await client.name(name)?.live.flatMap { ReleaseID($0) }
        guard let live, let machine = try await machine(of: live, name) else {
            return "the live release of \(name) has no machine, so there are no copies of which some could run release "
                + "\(release); \(instead)"
        }
        guard machine.maxReplicas > 1 else {
            return
                "\(name) has one copy, which cannot run two releases; `skerry machines scale \(name) 2` first, \(instead)"
        }
        return nil
    }

    /// Waits until a release that was promoted runs in all slots that are its, or nodes gave it up. Then the name goes back
    /// too.
    ///
    /// - Throws: ``ClientError`` `.rolloutFailed` if nodes gave it up, or it takes too long.
    public func settle(promoted release: ReleaseID, _ machine: MachineManifest, of name: AppName) async throws {
        guard try await client.name(name)?.candidate == release.description else {
            guard machine.maxReplicas > 0 else { return }
            return try await waitForRollout(name, release.description, machine, wasLive: true)
        }
        let each = Duration.milliseconds(machine.rolloutTimeoutMilliseconds)
        let deadline = ContinuousClock.now + each * ManifestLimits.maxMachineReplicas + Deployer.promotionSpare
        let id = release.description
        while ContinuousClock.now < deadline {
            // A node that has not read the ledger yet has no trial.
            if let app = try await client.machines().apps.first(where: { $0.app == name.description }),
                let trial = app.trial, trial.release == id
            {
                if !trial.slots.isEmpty, trial.target != id {
                    _ = try await rollBack(name, to: nil)
                    throw Deployer.gaveUp(id, name, app, "all visitors get release \(app.live) again")
                }
                let good = app.machines.filter { trial.slots.contains($0.slot) && Deployer.isGood($0, id) }
                report(.replicated(ready: good.count, of: trial.slots.count))
                if good.count >= trial.slots.count { return }
            }
            try await Task.sleep(for: Deployer.promotionPause)
        }
        throw ClientError(
            .rolloutFailed,
            "Release \(release) of \(name) runs in no slot yet; look at `skerry machines status \(name)`")
    }

    /// Whether a machine runs a release as it should.
    static func isGood(_ machine: MachineInfo, _ release: String) -> Bool {
        machine.release == release && ["healthy", "asleep", "ended"].contains(machine.state)
    }

    /// What is said of a release that nodes took back.
    static func gaveUp(_ release: String, _ name: AppName, _ app: MachineAppInfo, _ now: String?) -> ClientError {
        // What works has a reason too.
        let bad = app.machines.filter { $0.state != "healthy" || $0.reason.contains(release) }
        let reasons = Set(bad.map(\.reason).filter { !$0.isEmpty }).sorted().joined(separator: "; ")
        return ClientError(
            .rolloutFailed,
            "Release \(release) of \(name) did not become healthy, and was taken back" + (now.map { ": \($0)" } ?? "")
                + (reasons.isEmpty ? "" : " (\(reasons))")
                + ". `skerry machines events \(name)` and `skerry machines logs \(name)` tell why")
    }
}
