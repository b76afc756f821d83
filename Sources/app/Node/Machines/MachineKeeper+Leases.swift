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
            end(slot, yields: false)
        }
    }

    /// Ends a slot's containers and forgets the slot.
    ///
    /// - Parameter yields: Gives the lease back once nothing runs any more.
    func end(_ slot: MachineSlot, yields: Bool) {
        guard let old = held.removeValue(forKey: slot) else { return }
        let entries = book.entries(of: slot.name.description, slot.slot)
        let tasks = entries.map { remove($0, after: old.busy[$0.release]) }
        guard yields else { return }
        Task {
            for task in tasks { await task.value }
            do { try await world.submit(.yieldMachines([slot])) } catch {
                logger.debug("a lease is not given back but ends by itself", metadata: ["error": "\(error)"])
            }
        }
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
        for (app, wish) in wishes.sorted(by: { $0.key < $1.key }) {
            for number in 0..<wish.scale.most {
                let slot = MachineSlot(name: app, slot: number)
                if let held = held[slot] {
                    guard let claim = self.claim(slot, held, wish) else { continue }
                    if claim != held.claimed || now >= clock.renewal(askedAt: held.asked) { renewals.append(claim) }
                    continue
                }
                let lease = state.machineLease(of: slot)
                if let lease, lease.isHeld(at: wallTime), lease.holder != world.node {
                    freeSince[slot] = nil
                    continue
                }
                guard let release = wish.beginning else { continue }
                let claim = MachineClaim(slot: slot, release: release, failed: lease?.failed)
                if let lease, lease.isHeld(at: wallTime) {
                    takings.append(claim)
                    continue
                }
                if placement == nil { placement = self.placement(state, wallTime) }
                let order = placement?.order(
                    app: app.description, slot: number, demand: wish.demand, within: bounds(wish, state)
                ).filter { $0 == world.node || world.isUsable($0) }
                guard let order, let first = order.first else { continue }
                placement?.add(.init(app: app.description, node: first, demand: wish.demand))
                guard let rank = order.firstIndex(of: world.node) else { continue }
                let since = freeSince[slot] ?? now
                freeSince[slot] = since
                if now - since >= LeaseClock.turn(rank: rank, term: clock.term) { takings.append(claim) }
            }
        }
        freeSince = freeSince.filter { slot, _ in wishes[slot.name].map { slot.slot < $0.scale.most } ?? false }
        return renewals + takings
    }

    private func claim(_ slot: MachineSlot, _ held: Held, _ wish: MachineWish) -> MachineClaim? {
        guard let release = held.core.release.flatMap({ ReleaseID($0) }) ?? wish.beginning else { return nil }
        return MachineClaim(
            slot: slot, release: release, ready: held.core.ready.flatMap { ReleaseID($0) },
            failed: held.core.failed.flatMap { ReleaseID($0) })
    }

    /// Who may get a machine with secrets: the nodes that hold them.
    private func bounds(_ wish: MachineWish, _ state: LedgerState) -> Set<NodeID>? {
        wish.manifest.secrets.isEmpty ? nil : Set(ServingNodes.of(wish.app, state))
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
            guard held[slot] == nil else { return }
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
        // Containers from before a restart go on, if the node comes back before their lease ends.
        let entries = book.entries(of: slot.name.description, slot.slot)
        let serving = entries.last { $0.release == lease.release.description } ?? entries.last
        if let serving {
            new.core = SlotCore(
                current: .init(
                    release: serving.release, template: serving.template, since: world.now(), wasHealthy: true),
                failed: lease.failed?.description)
            new.isStopped = serving.isStopped
        } else {
            new.core = SlotCore(failed: lease.failed?.description)
        }
        held[slot] = new
        limit(slot)
        for entry in entries where entry.id != serving?.id { remove(entry) }
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
