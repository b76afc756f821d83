import Foundation
import Identity
import Ledger
import Logging
import Machines
import Manifests
import Placement

/// What happens in the slots that this node has.
extension MachineKeeper {
    private static let wakePause = Duration.milliseconds(4)
    private static let drainPause = Duration.milliseconds(20)
    /// How long other nodes may take to confirm an announcement; one that takes longer is about to be held for dead.
    private static let hearingTime = Duration.seconds(1)
    /// How long a request may be on its way from another node.
    private static let wayTime = Duration.milliseconds(300)
    /// How long a guard may take to end a container whose time is over.
    private static let guardTime = Duration.seconds(2)

    /// Brings every slot closer to what is wished for.
    func reconcile() {
        let now = world.now()
        for slot in held.keys {
            guard var current = held[slot], !current.isEnding, let wish = wishes[slot.name] else { continue }
            current.patience = .milliseconds(wish.manifest.stopTimeoutMilliseconds)
            look(at: &current, slot)
            scale(&current, slot, wish)
            let slotWish = self.wish(current, slot, wish)
            if current.core.isOverdue(slotWish, now: now), wish.isOnTrial(slot: slot.slot, world.wallTime()) {
                current.core.markFailed()
            }
            let actions = current.core.advance(slotWish, now: now)
            held[slot] = current
            for action in actions { perform(action, slot, wish, now) }
            retry(slot, wish, now)
        }
    }

    private func wish(_ held: Held, _ slot: MachineSlot, _ wish: MachineWish) -> SlotCore.Wish {
        let target = wish.rollout(of: slot.slot).target.flatMap { wish.manifest(of: $0) } ?? wish.manifest
        let serving = held.core.release.flatMap { wish.manifest(of: $0) }
        return SlotCore.Wish(
            step: step(held, slot, wish),
            templates: wish.templates, timeout: Int64(target.rolloutTimeoutMilliseconds),
            isAwake: held.isAwake && !held.isStopped && !held.isPaused, isProof: isProof(held, slot),
            isExclusive: !target.volumes.isEmpty || serving?.volumes.isEmpty == false)
    }

    /// Whether a new release starts even where nothing is awake: in the first slot, so that one that does not work is found
    /// out before it is everywhere.
    private func isProof(_ held: Held, _ slot: MachineSlot) -> Bool {
        slot.slot == 0 && !held.isStopped && !held.isPaused
    }

    private func step(_ held: Held, _ slot: MachineSlot, _ wish: MachineWish) -> SlotRollout.Step {
        // The lease of a slot in which nothing runs yet names the release that it begins with.
        let rollout = wish.rollout(of: slot.slot)
        guard held.core.release == nil else { return rollout.step(of: slot.slot) }
        guard let target = rollout.target else { return .keep }
        return .replace(target)
    }

    /// Takes over what the containers do.
    private func look(at held: inout Held, _ slot: MachineSlot) {
        for leaving in held.core.leaving where book[slot.name.description, slot.slot, leaving] == nil {
            held.core.noteGone(leaving)
        }
        for release in [held.core.current?.release, held.core.next?.release].compactMap({ $0 }) {
            let phase = self.phase(of: release, held, slot)
            if held.core.current?.release == release {
                if phase != .healthy {
                    held.healthySince = nil
                } else if held.healthySince == nil {
                    held.healthySince = .now
                }
            }
            held.core.note(release, phase)
        }
    }

    private func phase(of release: String, _ held: Held, _ slot: MachineSlot) -> SlotCore.Phase {
        // What is not here yet may come; what cannot be made again and again cannot be made.
        if let failure = held.failures[release] { return failure.isOfRelease ? .failing : .starting }
        guard let entry = book[slot.name.description, slot.slot, release], let status = statuses[entry.id] else {
            return held.busy[release] == nil ? .none : .starting
        }
        switch status.state {
        case .healthy: return .healthy
        case .starting, .draining: return .starting
        // One that ended once may come back; one that does again and again does not.
        case .backOff: return status.restarts < 3 ? .starting : .failing
        case .crashLoop, .lost: return .failing
        case .created: return .stopped
        case .stopped:
            let mayEnd = wishes[slot.name]?.manifest(of: release)?.restart != .always
            return mayEnd && status.exit != nil && !held.stopped.contains(release) ? .ended : .stopped
        }
    }

    /// Lets a machine sleep that has nothing to do.
    private func scale(_ held: inout Held, _ slot: MachineSlot, _ wish: MachineWish) {
        if slot.slot < wish.scale.least { held.isAwake = true }
        guard held.isAwake, let release = held.core.release, held.core.next == nil, let since = held.healthySince else {
            return
        }
        let load = table.load(of: .init(app: slot.name.description, slot: slot.slot, release: release))
        let idle = max(load?.idleSince ?? since, since)
        let now = ContinuousClock.now
        if wish.scale.sleeps(
            slot: slot.slot, inFlight: load?.inFlight ?? 0, idleSince: 0, now: Int64((now - idle) / .milliseconds(1)))
        {
            logger.info("a machine goes to sleep", metadata: ["app": "\(slot.name)", "slot": "\(slot.slot)"])
            held.isAwake = false
        }
    }

    // MARK: Containers

    private func perform(_ action: SlotCore.Action, _ slot: MachineSlot, _ wish: MachineWish, _ now: Int64) {
        switch action {
        case .create(let release, let starts): create(release, starts: starts, slot, wish)
        case .start(let release):
            held[slot]?.stopped.remove(release)
            start(release, slot)
        case .stop(let release):
            held[slot]?.stopped.insert(release)
            stop(release, slot)
        case .retire(let release):
            guard let entry = book[slot.name.description, slot.slot, release] else {
                held[slot]?.failures[release] = nil
                return
            }
            remove(entry, drains: true)
        case .rename(let release, let other):
            guard var entry = book[slot.name.description, slot.slot, release] else { return }
            entry.release = other
            book.put(entry)
            save()
            held[slot]?.rename(release, to: other)
            table.rename(
                .init(app: entry.app, slot: entry.slot, release: release),
                to: .init(app: entry.app, slot: entry.slot, release: other))
        }
    }

    private func create(_ release: String, starts: Bool, _ slot: MachineSlot, _ wish: MachineWish) {
        guard isTidy, held[slot]?.busy[release] == nil, let manifest = wish.manifest(of: release),
            let fence = held[slot]?.fence
        else { return }
        // One that was renamed before it was made keeps its name: two entries of a release would be taken for each other.
        let known = book[slot.name.description, slot.slot, release]
        guard let id = known?.fence == fence ? known?.id : MachineKeeper.id(slot, fence, release) else { return }
        book.put(
            .init(
                id: id, app: slot.name.description, slot: slot.slot, fence: fence, release: release,
                template: manifest.template,
                isStopped: held[slot]?.isStopped ?? false))
        save()
        limit(slot)
        enqueue(release, slot) { keeper in
            do {
                try await keeper.make(id, manifest, slot, fence, starts: starts)
                await keeper.made(release, slot, fence, nil)
            } catch {
                await keeper.made(release, slot, fence, error)
            }
        }
    }

    private func make(
        _ id: MachineID, _ manifest: MachineManifest, _ slot: MachineSlot, _ fence: UInt64, starts: Bool
    ) async throws {
        let image = try await world.image(manifest, id.description)
        let secrets = try await world.secrets(manifest.secrets, slot.name)
        // The lease may have ended meanwhile, and another one have begun.
        guard held[slot]?.fence == fence else { return }
        let mounts = try await world.volumes(slot, manifest, fence)
        guard held[slot]?.fence == fence else { return }
        let spec = try MachineSpec(
            id: id, manifest, slot, secrets: secrets.values, mounts: mounts, node: world.node,
            limit: world.limitPath(id),
            entrance: world.entrance)
        do throws(MachineError) {
            try await world.control.create(spec, image: image)
        } catch {
            guard error.code == .exists else { throw error }
            // Of an earlier attempt, or with other values of its secrets: what it should be may have changed.
            try await world.control.change(spec, image: image)
        }
        if var entry = book.entries.first(where: { $0.id == id }) {
            entry.secretsStamp = secrets.stamp
            book.put(entry)
            save()
        }
        if starts, held[slot]?.isPaused != true { try await world.control.start(id) }
        // News of it may come later than this; until then it would look as if it was not there, or did not run yet.
        if let status = try? await world.control.status(id) { take(status) }
    }

    private func made(_ release: String, _ slot: MachineSlot, _ fence: UInt64, _ error: (any Error)?) async {
        // What an earlier lease's attempt came to says nothing about this one's.
        guard let known = held[slot], known.fence == fence else { return }
        guard let error else {
            held[slot]?.failures[release] = nil
            return
        }
        let failure = MakeFailure(
            "\(error)", after: known.failures[release], now: world.now(), wallTime: world.wallTime())
        held[slot]?.failures[release] = failure
        logger.warning(
            "a machine cannot be made",
            metadata: [
                "app": "\(slot.name)", "slot": "\(slot.slot)", "release": "\(release)", "error": "\(error)",
            ])
        if failure.isOfNode { await leaveToOthers(slot, fence, release) }
    }

    /// Tries again to make what could not be made.
    private func retry(_ slot: MachineSlot, _ wish: MachineWish, _ now: Int64) {
        guard let current = held[slot] else { return }
        for release in [current.core.current?.release, current.core.next?.release].compactMap({ $0 }) {
            retry(release, current, slot, wish, now)
        }
    }

    private func retry(
        _ release: String, _ current: Held, _ slot: MachineSlot, _ wish: MachineWish, _ now: Int64
    ) {
        guard current.busy[release] == nil else { return }
        if let failure = current.failures[release] {
            guard now >= failure.retry else { return }
        } else if let entry = book[slot.name.description, slot.slot, release], statuses[entry.id] != nil {
            return
        }
        // It could not be made or begun, because something else was being done to its name, or it is gone without a word.
        let isProof = release == current.core.next?.release && isProof(current, slot)
        create(release, starts: current.isAwake && !current.isStopped || isProof, slot, wish)
    }

    /// Starts a container that is there and does not run.
    private func start(_ release: String, _ slot: MachineSlot) {
        guard isTidy, held[slot]?.busy[release] == nil, let entry = book[slot.name.description, slot.slot, release]
        else { return }
        enqueue(release, slot) { [world, logger] keeper in
            if await keeper.renew(entry.id, slot) { return }
            do { try await world.control.start(entry.id) } catch {
                logger.warning(
                    "a machine cannot be started", metadata: ["machine": "\(entry.id)", "error": "\(error)"])
            }
        }
    }

    /// Makes a container anew, and starts it, if its secrets have other values by now. If they are not known, or something
    /// else is missing, it is left as it is.
    ///
    /// - Returns: Whether there is nothing left to start.
    private func renew(_ id: MachineID, _ slot: MachineSlot) async -> Bool {
        // As it is after what was done to it before.
        guard let entry = book.entries.first(where: { $0.id == id }),
            let manifest = wishes[slot.name]?.manifest(of: entry.release), !manifest.secrets.isEmpty,
            let secrets = try? await world.secrets(manifest.secrets, slot.name), secrets.stamp != entry.secretsStamp,
            held[slot]?.fence == entry.fence
        else { return false }
        let metadata: Logger.Metadata = ["app": "\(slot.name)", "slot": "\(slot.slot)"]
        logger.notice("a machine whose secrets changed is made anew", metadata: metadata)
        var failure: (any Error)?
        do {
            try await make(id, manifest, slot, entry.fence, starts: true)
        } catch {
            logger.warning("it cannot be made anew", metadata: metadata.merging(["error": "\(error)"]) { $1 })
            if (try? await world.control.status(id)) != nil { return false }
            // It is gone; so it is made like one that could not be made at first.
            statuses[id] = nil
            failure = error
        }
        await made(book.entries.first { $0.id == id }?.release ?? entry.release, slot, entry.fence, failure)
        return true
    }

    /// Stops a container once the other nodes know that nothing goes there and what it works on is done.
    private func stop(_ release: String, _ slot: MachineSlot) {
        guard held[slot]?.busy[release] == nil, let entry = book[slot.name.description, slot.slot, release] else {
            return
        }
        afterDraining(entry, slot) { keeper in try await keeper.world.control.stop(entry.id) }
    }

    /// Does something to a container that serves when what it works on is done.
    private func afterDraining(
        _ entry: MachineBook.Entry, _ slot: MachineSlot,
        _ body: @escaping @Sendable (MachineKeeper) async throws -> Void
    ) {
        held[slot]?.stopping.insert(entry.release)
        let key = MachineTable.Key(app: entry.app, slot: entry.slot, release: entry.release)
        let patience = held[slot]?.patience ?? .zero
        enqueue(entry.release, slot) { keeper in
            await keeper.drain(key, slot, patience)
            await keeper.halt(entry, slot, body)
        }
    }

    private func halt(
        _ entry: MachineBook.Entry, _ slot: MachineSlot, _ body: @Sendable (MachineKeeper) async throws -> Void
    ) async {
        do {
            try await body(self)
            // News of it may come later than this; until then it would look as if it still answered.
            if let status = try? await world.control.status(entry.id) { take(status) }
        } catch {
            logger.warning(
                "a machine cannot be stopped", metadata: ["machine": "\(entry.id)", "error": "\(error)"])
        }
        // It may have another release's name by now.
        let release = book.entries.first { $0.id == entry.id }?.release
        held[slot]?.stopping.subtract([entry.release, release ?? entry.release])
    }

    /// Does something to a container, after what is being done to it.
    private func enqueue(
        _ release: String, _ slot: MachineSlot, _ body: @escaping @Sendable (MachineKeeper) async -> Void
    ) {
        let previous = held[slot]?.busy[release]
        let task = Task {
            await previous?.value
            await body(self)
        }
        held[slot]?.busy[release] = task
        Task {
            await task.value
            // It may have another release's name by now.
            for (name, other) in held[slot]?.busy ?? [:] where other == task { held[slot]?.busy[name] = nil }
            reconcile()
            publish()
        }
    }

    /// Ends and forgets a container.
    ///
    /// - Parameters:
    ///   - drains: Lets it finish what it works on, at most for its stop timeout.
    ///   - earlier: What is being done to it in a slot that is not this node's any more.
    @discardableResult
    func remove(
        _ entry: MachineBook.Entry, drains: Bool = false, after earlier: Task<Void, Never>? = nil
    ) -> Task<Void, Never> {
        let key = MachineTable.Key(app: entry.app, slot: entry.slot, release: entry.release)
        let slot = AppName(entry.app).map { MachineSlot(name: $0, slot: entry.slot) }
        let previous = earlier ?? slot.flatMap { held[$0]?.busy[entry.release] }
        if drains, let slot { held[slot]?.draining.insert(entry.release) }
        let patience = slot.flatMap { held[$0]?.patience } ?? .zero
        if !drains {
            book.remove(entry.id)
            save()
        }
        let task = Task {
            await previous?.value
            if drains, let slot { await drain(key, slot, patience) }
            do { try await world.control.destroy(entry.id) } catch {
                logger.error("a container cannot be ended", metadata: ["machine": "\(entry.id)", "error": "\(error)"])
                // Then its guard does, which looks once a second; until then nobody else may have its volumes.
                try? world.limit(entry.id, 0)
                try? await Task.sleep(for: MachineKeeper.guardTime)
            }
            await world.release(entry.id.description)
            forget(entry, key)
        }
        if let slot { held[slot]?.busy[entry.release] = task }
        return task
    }

    private func forget(_ entry: MachineBook.Entry, _ key: MachineTable.Key) {
        statuses[entry.id] = nil
        table.forgetLoad(of: key)
        if book.entries.contains(where: { $0.id == entry.id }) {
            book.remove(entry.id)
            save()
        }
        guard let name = AppName(entry.app) else { return }
        let slot = MachineSlot(name: name, slot: entry.slot)
        held[slot]?.draining.remove(entry.release)
        held[slot]?.busy[entry.release] = nil
        held[slot]?.failures[entry.release] = nil
        publish()
    }

    /// Waits until the other nodes have heard that nothing goes there any more, and until what is there is done; not
    /// longer than the slot is this node's.
    func drain(_ key: MachineTable.Key, _ slot: MachineSlot, _ patience: Duration) async {
        publish()
        let number = sequence
        await wait(MachineKeeper.hearingTime) { held[slot] != nil && heard < number }
        // What was sent before they heard is still on its way.
        await wait(MachineKeeper.wayTime) { held[slot] != nil }
        await wait(patience) { held[slot] != nil && table.load(of: key)?.inFlight ?? 0 > 0 }
    }

    /// Waits while `condition` holds, at most for `limit`.
    private func wait(_ limit: Duration, while condition: () -> Bool) async {
        let start = ContinuousClock.now
        while condition(), ContinuousClock.now - start < limit {
            guard (try? await Task.sleep(for: MachineKeeper.drainPause)) != nil else { return }
        }
    }

    /// A name for a slot's container of a release, which is no other lease's: also a host name, so it says whose it is.
    static func id(_ slot: MachineSlot, _ fence: UInt64, _ release: String) -> MachineID? {
        MachineID("\(slot.name.description.prefix(28))-\(slot.slot)-\(fence)-\(release)")
    }

    // MARK: From outside

    /// Starts a machine of this node that sleeps and waits until it is healthy.
    func wake(_ app: String, _ number: UInt32, within patience: Duration) async throws -> MachineReplica {
        let deadline = ContinuousClock.now + patience
        guard let name = AppName(app) else { throw MachineFailure(.noMachine, "\(app) is no app's name") }
        let slot = MachineSlot(name: name, slot: number)
        guard let known = held[slot] else {
            throw MachineFailure(.noMachine, "Slot \(number) of \(app) is not on node \(world.node.short)")
        }
        guard !known.isStopped else {
            throw MachineFailure(
                .noMachine, "Slot \(number) of \(app) is stopped by its owner; `skerry machines start`")
        }
        held[slot]?.isAwake = true
        reconcile()
        while true {
            guard let now = held[slot] else { break }
            // One that is about to stop comes back first.
            if let current = now.core.current, current.phase == .healthy, !now.stopping.contains(current.release),
                let report = reports(of: slot, now).first
            {
                return report.report.replica
            }
            guard ContinuousClock.now < deadline else { break }
            try await Task.sleep(for: MachineKeeper.wakePause)
        }
        throw MachineFailure(.notReady, "Slot \(number) of \(app) did not become healthy in time")
    }

    /// The container that serves a slot of this node.
    func container(_ app: String, _ number: UInt32) -> MachineID? {
        guard let name = AppName(app), let release = held[MachineSlot(name: name, slot: number)]?.core.release else {
            return nil
        }
        return book[app, number, release]?.id
    }

    /// All containers of a slot of this node: during a rollout also the one that is to serve next, which has the same volumes.
    func containers(_ app: String, _ number: UInt32) -> [MachineID] { book.entries(of: app, number).map(\.id) }

    /// What cannot be made in a slot of this node, by release: that has no container, and so no events of one.
    func failures(_ app: String, _ number: UInt32) -> [String: MakeFailure] {
        guard let name = AppName(app) else { return [:] }
        return held[MachineSlot(name: name, slot: number)]?.failures ?? [:]
    }

    /// Waits until nothing is being done to a slot's containers any more, at most for `patience`.
    func settle(_ app: String, _ number: UInt32, within patience: Duration) async {
        guard let name = AppName(app) else { return }
        let slot = MachineSlot(name: name, slot: number)
        await wait(patience) { held[slot]?.busy.isEmpty == false }
    }

    /// Stops a slot's machine once what it works on is done, and starts it again, with the values that its secrets have now;
    /// starts one that does not run. A release that failed here is tried again.
    ///
    /// - Returns: False if the slot is not this node's.
    func restart(_ app: String, _ number: UInt32) -> Bool {
        guard let name = AppName(app) else { return false }
        let slot = MachineSlot(name: name, slot: number)
        let entry = held[slot]?.core.release.flatMap { book[app, number, $0] }
        let runs = entry.flatMap { statuses[$0.id] }?.state.mayRun == true
        held[slot]?.core.forgive()
        guard setStopped(app, number, false) else { return false }
        if runs, let entry {
            afterDraining(entry, slot) { keeper in
                if await keeper.renew(entry.id, slot) { return }
                try await keeper.world.control.restart(entry.id)
            }
        } else if let entry {
            start(entry.release, slot)
        }
        return true
    }

    /// Whether a slot is this node's.
    func holds(_ app: String, _ number: UInt32) -> Bool {
        AppName(app).map { held[MachineSlot(name: $0, slot: number)] != nil } ?? false
    }

    /// Stops a slot's machine while something is done to its volumes, or lets it run again. A node that dies meanwhile has
    /// forgotten it when it is back.
    ///
    /// - Returns: False if the slot is not this node's.
    func setPaused(_ app: String, _ number: UInt32, _ isPaused: Bool) -> Bool {
        guard let name = AppName(app), held[MachineSlot(name: name, slot: number)] != nil else { return false }
        let slot = MachineSlot(name: name, slot: number)
        held[slot]?.isPaused = isPaused
        // What stops for it did not end by itself.
        if isPaused, let current = held[slot]?.core.current, current.phase != .ended {
            held[slot]?.stopped.insert(current.release)
        }
        reconcile()
        publish()
        return true
    }

    /// Makes a slot's container anew, with volumes that are made anew if there are none.
    func remake(_ app: String, _ number: UInt32) async {
        for entry in book.entries(of: app, number) { await remove(entry).value }
        reconcile()
    }

    /// Stops a slot's machine until it is started again, or lets it run.
    ///
    /// - Returns: False if the slot is not this node's.
    func setStopped(_ app: String, _ number: UInt32, _ isStopped: Bool) -> Bool {
        guard let name = AppName(app) else { return false }
        let slot = MachineSlot(name: name, slot: number)
        guard held[slot] != nil else { return false }
        held[slot]?.isStopped = isStopped
        if !isStopped {
            held[slot]?.isAwake = true
            // One that ended by itself is started again, as one that was stopped.
            if let release = held[slot]?.core.release { held[slot]?.stopped.insert(release) }
        }
        for var entry in book.entries(of: app, number) {
            entry.isStopped = isStopped
            book.put(entry)
        }
        save()
        reconcile()
        publish()
        return true
    }

    // MARK: Reports

    /// What there is to say of a slot: of what serves first, then of what drains.
    func reports(of slot: MachineSlot, _ held: Held) -> [MachineTable.Own] {
        guard let serving = held.core.current else { return [] }
        var own = [self.own(serving.release, held, slot, isDraining: false)]
        for release in held.draining.sorted() where release != serving.release {
            own.append(self.own(release, held, slot, isDraining: true))
        }
        return own
    }

    private func own(_ release: String, _ held: Held, _ slot: MachineSlot, isDraining: Bool) -> MachineTable.Own {
        let status = book[slot.name.description, slot.slot, release].flatMap { statuses[$0.id] }
        let manifest = wishes[slot.name].flatMap { $0.manifest(of: release) ?? $0.manifest }
        let phase: MachineReplica.Phase
        switch held.core.current?.phase {
        case _ where isDraining: phase = .draining
        case .healthy:
            let isLeaving =
                held.isStopped || held.isPaused || !held.isAwake || held.isEnding || held.stopping.contains(release)
            phase = isLeaving ? .draining : .healthy
        case .stopped where !held.isStopped && !held.isAwake: phase = .asleep
        default: phase = .unready
        }
        let replica = MachineReplica(
            app: slot.name.description, slot: slot.slot, release: release, node: world.node, fence: held.fence,
            phase: phase,
            ports: (manifest?.ports ?? []).map { port in
                .init(
                    name: port.name, number: UInt16(clamping: port.number),
                    transport: port.transport == .http ? .http : .tcp)
            })
        var report = MachineReport(replica: replica)
        report.state = status?.state.rawValue ?? (held.failures[release] == nil ? "starting" : "failing")
        if phase == .asleep { report.state = "asleep" }
        if !isDraining, held.core.current?.phase == .ended { report.state = "ended" }
        // "stopped" is the owner's word only: another one that does not run yet is about to.
        if held.isStopped, status?.state.mayRun != true {
            report.state = MachineReport.stopped
        } else if report.state == MachineReport.stopped, !isDraining {
            report.state = "starting"
        }
        report.restarts = status?.restarts ?? 0
        report.startedMilliseconds = status?.startedAt
        report.reason = held.failures[release]?.reason ?? status?.reason ?? ""
        if let next = held.core.next { report.reason = "release \(next.release) is on its way here" }
        if let failed = held.core.failed, held.core.next == nil {
            report.reason = "release \(failed) did not become healthy"
        }
        report.cpuMillis = status?.usage?.cpuMillis ?? 0
        report.memoryBytes = UInt64(clamping: status?.usage?.memoryBytes ?? 0)
        report.memoryLimitBytes = UInt64(clamping: status?.usage?.memoryLimitBytes ?? 0)
        return MachineTable.Own(report: report, host: status?.address)
    }
}
