import BlobStore
import Identity
import Ledger
import LedgerLog
import Manifests
import Metrics
import Placement

/// Which copies this node holds, and whom it asks about that.
extension ReleaseKeeper {
    /// How often the store's room and the other nodes are looked at.
    private static let lookPause = Duration.seconds(5)
    /// Between two times that nodes are asked in a row.
    private static let askPause = Duration.milliseconds(100)
    /// How long another node may wait for a release to be ready there, before this one takes it over.
    private static let askWait = Duration.seconds(1)
    /// Nodes that are asked at once.
    private static let parallelQuestions = 16
    /// A release that there was no room for is tried again after this, where another node may stand in.
    private static let lackPause = Duration.seconds(60)
    /// How often a question about readiness looks again: questions are rare and end within seconds.
    private static let readinessPause = Duration.milliseconds(10)

    private var now: Duration { ContinuousClock.now - began }

    /// The nodes that come into question for a name's releases, in order of preference, and how many copies there are
    /// to be.
    nonisolated func candidates(of name: AppName) -> (nodes: [NodeID], count: Int) {
        let state = keeper.state
        let count = Int(state.parameters.replicas)
        return (Rendezvous.candidates(state.participants.map(\.id), for: name.description, count: count), count)
    }

    // MARK: Answering

    /// What this node says of its copy of a release; waits up to `wait` for it to become ready, as long as there is room.
    func status(of name: AppName, _ id: ReleaseID, wait: Duration) async -> CopyStatus {
        let deadline = ContinuousClock.now + wait
        // Of what is not fetched here; a fetch finds it out.
        var fits: Bool?
        while true {
            var status = CopyStatus()
            if let record = keeper.state.release(id, of: name) {
                let manifest = record.manifest
                status.isReady = complete.contains(manifest)
                if !status.isReady {
                    status.hasRoom = lacking[manifest] == nil
                    if status.hasRoom, !homeManifests.contains(manifest) {
                        fits = fits ?? wouldFit(manifest)
                        status.hasRoom = fits == true
                    }
                }
                status.keeps =
                    homes.contains(ReleaseCopy(name: name, release: id, manifest: manifest))
                    && isPinned(manifest, for: name)
            }
            guard !status.isReady, status.hasRoom, ContinuousClock.now < deadline,
                (try? await Task.sleep(for: ReleaseKeeper.readinessPause)) != nil
            else { return status }
        }
    }

    private func wouldFit(_ manifest: BlobID) -> Bool {
        guard let known = manifests[manifest] else { return !level.isFull }
        return (try? shortfall(of: known)) ?? 0 == 0
    }

    // MARK: Room

    /// Bytes that the release needs beyond what there is room for, as far as its manifest says how large its blobs are.
    private func shortfall(of manifest: Manifest) throws -> Int {
        let sizes = manifest.byteCounts
        let needed = try store.missing(from: manifest.blobs).reduce(0) { sum, blob in
            let (next, overflow) = sum.addingReportingOverflow(sizes[blob] ?? 0)
            return overflow ? .max : next
        }
        return needed == 0 ? 0 : max(0, needed - max(0, try store.room().freeBytes))
    }

    /// Throws a `BlobStoreError` that says so unless the release fits.
    func requireRoom(for manifest: Manifest) throws {
        let shortfall = try shortfall(of: manifest)
        guard shortfall > 0 else { return }
        throw BlobStoreError(
            .quotaExceeded,
            "the release needs \(shortfall) bytes more than blobs that are to be kept may still take here; unpin something, "
                + "free some of the disk or raise the quota")
    }

    func noteLack(of manifest: BlobID) {
        let isNew = lacking.updateValue(now, forKey: manifest) == nil
        if isNew { place() }
    }

    func noteRoom(for manifest: BlobID) {
        if lacking.removeValue(forKey: manifest) != nil { tellRoom() }
    }

    /// Looks how much room the store has.
    func noteRoom() {
        guard let room = try? store.room() else { return }
        level.note(freeBytes: room.freeBytes, capacityBytes: room.capacityBytes)
    }

    func tellRoom() {
        lackingGauge.record(lacking.count)
        network.setFull(level.isFull || !lacking.isEmpty)
    }

    // MARK: Deciding

    func beginPlacing(_ state: LedgerState) {
        candidates.use(state.participants.map(\.id), count: Int(state.parameters.replicas))
        knownFull = network.fullNodes
        plan.beginRound()
        (homes, homeManifests, wantedHere) = ([], [], [])
    }

    func role(of copy: ReleaseCopy, _ state: LedgerState, isHeld: Bool) -> CopyPlan.Role {
        let view = CopyPlan.View(
            candidates: candidates.candidates(of: copy.name), count: Int(state.parameters.replicas), full: knownFull,
            hasRoom: mayTake(copy.manifest), isHeld: isHeld)
        let decision = plan.decide(copy, view, now: now)
        if decision.role == .home {
            homes.insert(copy)
            homeManifests.insert(copy.manifest)
        }
        if decision.isWanted { wantedHere.insert(copy.manifest) }
        return decision.role
    }

    func endPlacing() {
        plan.endRound()
        candidates.keepOnly(Set(keeper.state.names.map(\.name)))
        if lacking.contains(where: { !wantedHere.contains($0.key) }) {
            lacking = lacking.filter { wantedHere.contains($0.key) }
        }
        surplusGauge.record(plan.leavingCount)
        bell.yield()
    }

    /// Whether to try a release that there was no room for.
    private func mayTake(_ manifest: BlobID) -> Bool {
        guard let since = lacking[manifest] else { return true }
        guard now - since >= ReleaseKeeper.lackPause else { return false }
        guard let known = manifests[manifest], (try? shortfall(of: known)) ?? 0 > 0 else { return true }
        lacking[manifest] = now
        return false
    }

    // MARK: Asking

    /// Looks at the store's room and at who is full until cancelled. Where nobody lacks room nothing is decided anew.
    func lookAround() async {
        await withDiscardingTaskGroup { group in
            group.addTask { for await _ in self.network.changes() { await self.placeIfOthersChanged() } }
            while (try? await Task.sleep(for: ReleaseKeeper.lookPause)) != nil {
                noteRoom()
                let isQuiet = knownFull.isEmpty && network.fullNodes.isEmpty && lacking.isEmpty
                if isQuiet && plan.leavingCount == 0 { tellRoom() } else { place() }
            }
        }
    }

    private func placeIfOthersChanged() { if network.fullNodes != knownFull { place() } }

    /// Asks what is due, and decides anew when there are answers.
    func askOthers() async {
        let questions = plan.takeQuestions(now: now)
        guard !questions.isEmpty else { return }
        let network = network
        let answers = await withTaskGroup(of: (CopyPlan.Question, CopyStatus?).self) { group in
            var answers: [(CopyPlan.Question, CopyStatus?)] = []
            for (number, question) in questions.enumerated() {
                if number >= ReleaseKeeper.parallelQuestions, let next = await group.next() { answers.append(next) }
                // A new release may not have been tried there yet.
                let copy = question.copy
                let wait = isPinned(copy.manifest, for: copy.name) ? .zero : ReleaseKeeper.askWait
                group.addTask {
                    guard network.isUsable(question.node) else { return (question, nil) }
                    return (
                        question, await network.status(of: copy.name, copy.release, at: question.node, wait: wait)
                    )
                }
            }
            for await answer in group { answers.append(answer) }
            return answers
        }
        for (question, status) in answers { plan.note(status, to: question, now: now) }
        place()
        // What this decision asks, waits a moment: answers may come faster than they change anything.
        try? await Task.sleep(for: ReleaseKeeper.askPause)
    }
}
