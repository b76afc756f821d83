import CLinux
import Glibc
import Logging

/// What an earlier run of the node left: found, adopted or ended.
extension MachineSupervisor {
    func restore() async throws(MachineError) {
        for id in store.ids() {
            guard let record = store.record(id) else {
                logger.error("A machine's record cannot be read", metadata: ["machine": "\(id)"])
                continue
            }
            machines[id] = Machine(
                record: record, core: MachineCore(record.spec, settings: configuration.core), log: store.events(id))
        }
        guard let runtime, let network else { return }
        var adopted: [MachineID] = []
        var found: [(MachineID, MachineExit?)] = []
        for id in machines.keys.sorted() {
            machines[id]?.run = store.run(id)
            if await adopt(id) {
                adopted.append(id)
            } else {
                found.append((id, await clear(id, runtime)))
            }
        }
        for id in runtime.list() where !adopted.contains(id) {
            do {
                try await runtime.remove(id)
            } catch {
                logger.warning("A container's rest stays", metadata: ["machine": "\(id)", "error": "\(error)"])
            }
        }
        try await network.open(keeping: adopted.compactMap { machines[$0]?.run?.lease })
        for id in adopted { resume(id) }
        for (id, exit) in found { begin(id, exit) }
    }

    /// Whether its holder and its program still run; then they are ours again.
    private func adopt(_ id: MachineID) async -> Bool {
        guard machines[id]?.run != nil, let holderPID = heldBy(id), let holder = ChildProcess(adopting: holderPID)
        else { return false }
        guard let pid = pid_t((store.text(id, "pid") ?? "").filter(\.isNumber)),
            let program = ChildProcess(adopting: pid),
            MachineCgroups(process: pid)?.belongs(to: id) == true
        else {
            // The node died while the container was being made. What it becomes nobody would notice.
            holder.send(SIGKILL)
            _ = await holder.wait()
            return false
        }
        machines[id]?.holder = holder
        machines[id]?.program = program
        if machines[id]?.run?.cgroups == nil { machines[id]?.run?.cgroups = MachineCgroups(process: pid) }
        return true
    }

    /// The process that holds a machine's lock; nil when nobody does.
    private func heldBy(_ id: MachineID) -> pid_t? {
        let file = Descriptor(Glibc.open(store.file(id, "holder.lock"), O_RDWR | O_CLOEXEC))
        guard file.number >= 0 else { return nil }
        if skerry_flock_exclusive(file.number) == 0 { return nil }
        return pid_t((store.text(id, "holder.lock") ?? "").filter(\.isNumber))
    }

    private func resume(_ id: MachineID) {
        guard let machine = machines[id] else { return }
        let wanted = machine.record.isWanted
        var actions =
            machines[id]?.core.onAdopted(isWanted: wanted, restarts: machine.run?.restarts ?? 0, now: clock.now) ?? []
        if wanted, machine.spec.orphan == .end {
            actions +=
                machines[id]?.core.onStop("its node came back, and it is not to be adopted", now: clock.now) ?? []
            actions += machines[id]?.core.onStart() ?? []
        }
        let generation = machine.generation
        perform(actions, id)
        Task { await watch(id, generation) }
    }

    /// Removes what is left of a machine that does not run. How it ended, when it ran.
    private func clear(_ id: MachineID, _ runtime: RuntimeDriver) async -> MachineExit? {
        guard let run = machines[id]?.run else { return nil }
        var exit = store.exit(id) ?? MachineExit()
        exit.wasOutOfMemory = (run.cgroups?.outOfMemoryKills ?? 0) > 0 && !exit.isSuccess
        do {
            try await runtime.remove(id)
        } catch {
            logger.warning("A container's rest stays", metadata: ["machine": "\(id)", "error": "\(error)"])
        }
        machines[id]?.run = nil
        rmdir(place(id))
        store.remove(id, "run.json")
        return exit
    }

    private func begin(_ id: MachineID, _ exit: MachineExit?) {
        guard let machine = machines[id] else { return }
        let hasRun = exit != nil || machine.log.events.contains { $0.kind == .started }
        // What runs until a time that is moved on may be another node's by now, and after a restart of the host the time in
        // the file means nothing: whoever has the lease starts it.
        let actions =
            machines[id]?.core.onRestored(
                isWanted: machine.record.isWanted, exit: exit, hasRun: hasRun, mayLaunch: machine.spec.limitPath == nil)
            ?? []
        perform(actions, id)
    }
}
