import Identity
import Ledger
import Logging
import Machines
import Manifests
import Metrics
import Placement

/// Taking, renewing, losing and giving back leases.
extension MachineKeeper {
    /// Slots that are claimed in one transaction at most.
    private static let batch = 32

    /// Ends what may not run any more: leases that were not renewed in time, or that somebody else has by now.
    func expire(_ now: Int64) {
        let state = world.state()
        for (slot, held) in held {
            let lease = state.machineLease(of: slot)
            let isMine = lease?.holder == world.node && lease?.fence == held.fence
            if isMine, now < clock.end(askedAt: held.asked) { continue }
            leaseCounter.increment()
            logger.warning(
                isMine
                    ? "a lease ended before it could be renewed; its machine is ended"
                    : "a lease is another node's now; its machine is ended",
                metadata: ["app": "\(slot.name)", "slot": "\(slot.slot)", "fence": "\(held.fence)"])
            if !isMine {
                // Somebody else may have begun: there is no time for a good end.
                for entry in book.entries(of: slot.name.description, slot.slot) { try? world.limit(entry.id, 0) }
            }
            end(slot, yields: false)
        }
    }

    /// Ends a slot's containers and forgets the slot.
    ///
    /// - Parameter yields: Gives the lease back once nothing runs any more.
    func end(_ slot: MachineSlot, yields: Bool) {
        guard let old = held.removeValue(forKey: slot) else { return }
        let entries = book.entries(of: slot.name.description, slot.slot)
        finish(slot, entries.map { remove($0, after: old.busy[$0.release]) }, yields: yields)
    }

    /// Waits for the end of a slot's containers, and gives its lease back if that is wished for. Before that it is not taken
    /// again: it would be the same lease, with the same names for containers, and it would be given back under what runs then.
    func finish(_ slot: MachineSlot, _ tasks: [Task<Void, Never>], yields: Bool) {
        ending[slot, default: 0] += 1
        Task {
            for task in tasks { await task.value }
            if yields {
                do { try await world.submit(.yieldMachines([slot])) } catch {
                    logger.debug("a lease is not given back but ends by itself", metadata: ["error": "\(error)"])
                }
            }
            let rest = (ending[slot] ?? 1) - 1
            ending[slot] = rest > 0 ? rest : nil
        }
    }

    /// Gives a slot back whose machine cannot be made here, if another node may be able to, and does not take it again for a
    /// while.
    func leaveToOthers(_ slot: MachineSlot, _ fence: UInt64, _ release: String) async {
        // Where its volumes are it stays: on another node they would be empty, or as old as the last snapshot.
        let hasVolumes = await world.hasVolumes(slot)
        guard !hasVolumes, let wish = wishes[slot.name], let known = held[slot], known.fence == fence,
            known.core.release == release, known.core.next == nil, known.draining.isEmpty, !known.isEnding,
            // Only this node knows that its owner stopped it.
            !known.isStopped, !known.isPaused,
            // Another release may work.
            !wish.isOnTrial(slot: slot.slot, world.wallTime())
        else { return }
        let state = world.state()
        let others = placement(state, world.wallTime()).order(
            app: slot.name.description, slot: slot.slot, demand: wish.demand, within: bounds(wish, state)
        ).filter { $0 != world.node && world.isUsable($0) }
        if others.isEmpty { return }
        logger.warning(
            "a slot whose machine cannot be made here is left to other nodes",
            metadata: ["app": "\(slot.name)", "slot": "\(slot.slot)", "release": "\(release)"])
        leftUntil[slot] = world.now() + MakeFailure.absence
        end(slot, yields: true)
    }

    /// Takes and renews leases, one transaction at a time.
    func claim(_ now: Int64) {
        guard mayTake, !isClaiming else { return }
        let wanted = claims(now)
        if wanted.isEmpty { return }
        isClaiming = true
        Task {
            await submit(Array(wanted.prefix(MachineKeeper.batch)))
            isClaiming = false
        }
    }

    /// Renewals first: a slot that is lost costs more than one that comes later.
    private func claims(_ now: Int64) -> [MachineClaim] {
        var renewals: [MachineClaim] = []
        var takings: [MachineClaim] = []
        var placement: MachinePlacement?
        let state = world.state()
        let wallTime = world.wallTime()
        leftUntil = leftUntil.filter { $0.value > now }
        // What finishes its work keeps its slot until then.
        for (slot, held) in held where held.isEnding && now >= clock.renewal(askedAt: held.asked) {
            guard let release = held.core.release.flatMap({ ReleaseID($0) }) else { continue }
            renewals.append(MachineClaim(slot: slot, release: release))
        }
        for (app, wish) in wishes.sorted(by: { $0.key < $1.key }) {
            for number in 0..<wish.scale.most {
                let slot = MachineSlot(name: app, slot: number)
                if let held = held[slot] {
                    guard !held.isEnding, let claim = self.claim(slot, held, wish) else { continue }
                    if claim != held.claimed || now >= clock.renewal(askedAt: held.asked) { renewals.append(claim) }
                    continue
                }
                let lease = state.machineLease(of: slot)
                if let lease, lease.isHeld(at: wallTime), lease.holder != world.node {
                    freeSince[slot] = nil
                    continue
                }
                guard ending[slot] == nil, let release = wish.beginning(of: number) else { continue }
                let claim = MachineClaim(slot: slot, release: release, failed: lease?.failed)
                if let lease, lease.isHeld(at: wallTime) {
                    if leftUntil[slot] == nil { takings.append(claim) }
                    continue
                }
                if placement == nil { placement = self.placement(state, wallTime) }
                let order = placement?.order(
                    app: app.description, slot: number, demand: wish.demand, within: bounds(wish, state)
                ).filter { $0 == world.node || world.isUsable($0) }
                guard let order, let first = order.first else { continue }
                placement?.add(.init(app: app.description, node: first, demand: wish.demand))
                guard let rank = order.firstIndex(of: world.node) else { continue }
                // Where nobody else may take it there is no use in waiting.
                if order.count > 1, leftUntil[slot] != nil { continue }
                let since = freeSince[slot] ?? now
                freeSince[slot] = since
                if now - since >= LeaseClock.turn(rank: rank, term: clock.term) { takings.append(claim) }
            }
        }
        freeSince = freeSince.filter { slot, _ in wishes[slot.name].map { slot.slot < $0.scale.most } ?? false }
        return renewals + takings
    }

    private func claim(_ slot: MachineSlot, _ held: Held, _ wish: MachineWish) -> MachineClaim? {
        guard let release = held.core.release.flatMap({ ReleaseID($0) }) ?? wish.beginning(of: slot.slot) else {
            return nil
        }
        return MachineClaim(
            slot: slot, release: release, ready: held.core.ready.flatMap { ReleaseID($0) },
            failed: held.core.failed.flatMap { ReleaseID($0) })
    }

    /// Whether a slot's next release has secrets that this node does not get: then it goes to a node that has them, in its
    /// turn. One with volumes stays: its disk is here.
    func mustMove(_ slot: MachineSlot, _ held: Held, _ wish: MachineWish) -> Bool {
        guard wish.needsSecrets, let serving = held.core.release else { return false }
        switch wish.rollout(of: slot.slot).step(of: slot.slot) {
        case .replace(let next), .prepare(let next), .switchTo(let next):
            guard next != serving, let manifest = wish.manifest(of: next), !manifest.secrets.isEmpty,
                manifest.volumes.isEmpty, wish.manifest(of: serving)?.volumes.isEmpty != false
            else { return false }
        case .keep, .settled: return false
        }
        let holders = ServingNodes.of(wish.app, world.state())
        return !holders.contains(world.node) && holders.contains { world.isUsable($0) }
    }

    /// Who may get a machine with secrets: the nodes that hold them.
    private func bounds(_ wish: MachineWish, _ state: LedgerState) -> Set<NodeID>? {
        wish.needsSecrets ? Set(ServingNodes.of(wish.app, state)) : nil
    }

    /// What is left of what this node offers, beside the slots that it has.
    func room() -> MachinePlacement.Demand {
        let capacity = world.state().node(world.node)?.capacity
        var room = MachinePlacement.Demand(
            cpuMillis: Int(clamping: capacity?.cpuMillis ?? 0), memoryBytes: Int(clamping: capacity?.memoryBytes ?? 0))
        for slot in held.keys {
            guard let demand = wishes[slot.name]?.demand else { continue }
            room.cpuMillis -= demand.cpuMillis
            room.memoryBytes -= demand.memoryBytes
        }
        return room
    }

    /// The nodes that could run a preview, the best first: the same for everybody who knows the same, so that all gateways
    /// ask the same node.
    func previewOrder(_ app: AppName, _ release: ReleaseID, _ manifest: MachineManifest) -> [NodeID] {
        let state = world.state()
        let bounds = manifest.secrets.isEmpty ? nil : Set(ServingNodes.of(app, state))
        return placement(state, world.wallTime()).order(
            app: "\(release)--\(app)", slot: 0, demand: manifest.demand, within: bounds
        ).filter { $0 == world.node || world.isUsable($0) }
    }

    private func placement(_ state: LedgerState, _ wallTime: Int64) -> MachinePlacement {
        let candidates = state.participants.compactMap { record -> MachinePlacement.Candidate? in
            guard record.capacity.cpuMillis > 0, record.capacity.memoryBytes > 0 else { return nil }
            return MachinePlacement.Candidate(
                node: record.id, cpuMillis: Int(clamping: record.capacity.cpuMillis),
                memoryBytes: Int(clamping: record.capacity.memoryBytes), reputation: record.standing.reputation,
                group: NetworkView.addressGroup(ofHost: record.peer.host))
        }
        let placed = wishes.values.flatMap { wish in
            wish.leases.filter { $0.isHeld(at: wallTime) }.map {
                MachinePlacement.Placed(app: wish.app.description, node: $0.holder, demand: wish.demand)
            }
        }
        return MachinePlacement(candidates, placed: placed)
    }

    private func submit(_ claims: [MachineClaim]) async {
        let asked = world.now()
        let sorted = claims.sorted { $0.slot < $1.slot }
        do {
            // What a guard has been told goes before what the ledger says: it is told again below, or not at all.
            try await world.submit(.leaseMachines(termMilliseconds: UInt64(clock.term), sorted))
            for claim in sorted { took(claim, asked) }
            reconcile()
            publish()
        } catch let error as LedgerError where sorted.count > 1 {
            logger.debug("leases are asked for one by one", metadata: ["error": "\(error)"])
            for claim in sorted { await submit([claim]) }
        } catch {
            logger.debug(
                "a lease is not to be had",
                metadata: ["slots": "\(sorted.map { "\($0.slot.name)/\($0.slot.slot)" })", "error": "\(error)"])
            // Whoever has it is known from the ledger soon; until then there is no use in asking again at once.
            for claim in sorted where held[claim.slot] == nil { freeSince[claim.slot] = world.now() }
        }
    }

    /// The ledger says that this node has a lease.
    private func took(_ claim: MachineClaim, _ asked: Int64) {
        guard let lease = world.state().machineLease(of: claim.slot), lease.holder == world.node else { return }
        let slot = claim.slot
        freeSince[slot] = nil
        guard var known = held[slot], known.fence == lease.fence else {
            guard held[slot] == nil, ending[slot] == nil else { return }
            // It may have ended while the answer was on its way.
            guard world.now() < clock.end(askedAt: asked), wishes[slot.name] != nil else { return }
            begin(slot, lease, asked, claim)
            return
        }
        known.asked = max(known.asked, asked)
        known.claimed = claim
        held[slot] = known
        limit(slot)
    }

    private func begin(_ slot: MachineSlot, _ lease: MachineLease, _ asked: Int64, _ claim: MachineClaim) {
        let scale = wishes[slot.name]?.scale
        var new = Held(
            fence: lease.fence, asked: asked, isAwake: scale?.startsAwake(slot: slot.slot) ?? true, claimed: claim)
        // Containers from before a restart go on, if the node comes back before their lease ends. Those of an earlier lease do
        // not: others may have changed the volumes since.
        let entries = book.entries(of: slot.name.description, slot.slot)
        let current = entries.filter { $0.fence == lease.fence }
        let serving = current.last { $0.release == lease.release.description } ?? current.last
        let others = entries.filter { $0.id != serving?.id }
        let isExclusive = wishes[slot.name].map { !$0.manifest.volumes.isEmpty } ?? true
        let leaving = isExclusive ? Set(others.map(\.release)) : []
        if let serving {
            new.core = SlotCore(
                current: .init(
                    release: serving.release, template: serving.template, since: world.now(), wasHealthy: true),
                failed: lease.failed?.description, leaving: leaving)
        } else {
            new.core = SlotCore(failed: lease.failed?.description, leaving: leaving)
        }
        new.isStopped = (serving ?? entries.last)?.isStopped ?? false
        held[slot] = new
        limit(slot)
        for entry in others { remove(entry, drains: true) }
        logger.notice(
            "took a slot",
            metadata: ["app": "\(slot.name)", "slot": "\(slot.slot)", "fence": "\(lease.fence)"])
    }

    /// Tells the guards of a slot's containers how long they may run.
    func limit(_ slot: MachineSlot) {
        guard let held = held[slot] else { return }
        let end = clock.end(askedAt: held.asked)
        for entry in book.entries(of: slot.name.description, slot.slot) {
            do { try world.limit(entry.id, end) } catch {
                logger.error(
                    "a container's end cannot be written; it will be ended too early",
                    metadata: ["machine": "\(entry.id)", "error": "\(error)"])
            }
        }
    }
}
