import CLinux
import Cgroups
import Glibc
import Logging

/// What the core decides, done.
extension MachineSupervisor {
    func perform(_ actions: [MachineCore.Action], _ id: MachineID) {
        for action in actions {
            switch action {
            case .launch: launch(id)
            case .signal:
                let machine = machines[id]
                let signal = machine?.spec.stopSignal ?? machine?.record.image.stopSignal ?? SIGTERM
                machine?.program?.send(signal)
            case .kill: machines[id]?.program?.send(SIGKILL)
            case .remove: Task { await removeLost(id) }
            case .beginChecks: beginChecks(id)
            case .endChecks:
                machines[id]?.checks?.cancel()
                machines[id]?.checks = nil
            case .persist: persist(id)
            case .record(let kind, let reason): record(kind, reason, id)
            }
        }
        setTimer(id)
        publish(id)
    }

    func record(_ kind: MachineEvent.Kind, _ reason: String, _ id: MachineID) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        guard let event = machines[id]?.log.add(kind, reason, at: now) else { return }
        store.append(event, for: id)
        logger.info(
            "Machine \(kind.rawValue)", metadata: ["machine": "\(id)", "reason": "\(event.reason)"])
    }

    private func persist(_ id: MachineID) {
        guard var record = machines[id]?.record, let isWanted = machines[id]?.core.isWanted else { return }
        record.isWanted = isWanted
        machines[id]?.record = record
        do {
            try store.write(record)
        } catch {
            logger.error("A machine's record cannot be written", metadata: ["machine": "\(id)", "error": "\(error)"])
        }
    }

    private func setTimer(_ id: MachineID) {
        machines[id]?.timer?.cancel()
        machines[id]?.timer = nil
        guard let deadline = machines[id]?.core.deadline, !isClosed || machines[id]?.core.state == .draining else {
            return
        }
        machines[id]?.timer = Task { [clock] in
            try? await Task.sleep(until: deadline, clock: clock)
            if !Task.isCancelled { self.timerFired(id) }
        }
    }

    private func timerFired(_ id: MachineID) {
        guard let actions = machines[id]?.core.onTimer(now: clock.now) else { return }
        perform(actions, id)
    }

    // MARK: Starting

    private func launch(_ id: MachineID) {
        machines[id]?.generation += 1
        guard let machine = machines[id] else { return }
        let generation = machine.generation
        Task {
            do throws(MachineError) {
                try await makeContainer(id, machine)
                guard machines[id]?.generation == generation else { return }
                let actions = machines[id]?.core.onLaunched(now: clock.now) ?? []
                perform(actions, id)
                await watch(id, generation)
            } catch {
                await cleanUp(id)
                guard machines[id]?.generation == generation else { return }
                let actions = machines[id]?.core.onLaunchFailed(error, now: clock.now) ?? []
                perform(actions, id)
            }
        }
    }

    private func makeContainer(_ id: MachineID, _ machine: Machine) async throws(MachineError) {
        guard let runtime, let network else { throw MachineError(.hostUnable, host.obstacle ?? "no runtime") }
        let spec = machine.spec
        for mount in spec.mounts where access(mount.source, F_OK) != 0 {
            throw MachineError(.missingFile, "the folder \(mount.source) for \(mount.target) is not there")
        }
        for layer in machine.record.image.layers where access(layer, F_OK) != 0 {
            throw MachineError(.missingFile, "the layer \(layer) of \(spec.image) is not there; fetch the image again")
        }
        let lease = try await network.take(hasEgress: spec.hasEgress)
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        var run = MachineStore.Run(lease: lease, startedAt: now, restarts: machine.core.restarts)
        machines[id]?.run = run
        for name in ["pid", "exit", "runtime.log"] { store.remove(id, name) }
        try store.write(run, for: id)
        let place = place(id)
        guard makeFolders(place) else {
            throw MachineError(.rootFailed, "\(place) cannot be made: \(String(cString: strerror(errno)))")
        }
        let places = BundleWriter.Places(
            place: place, network: lease.path, user: lease.userPath, cgroup: cgroup(id),
            firstID: host.usesUserNamespaces ? lease.firstID : nil)
        let config = BundleWriter.config(spec, machine.record.image, at: places, openFiles: openFiles)
        try store.write(text: BundleWriter.encode(config), to: store.file(id, "bundle/config.json"))
        let (holder, program) = try await startHolder(id, machine, runtime, places)
        machines[id]?.holder = holder
        machines[id]?.program = program
        machines[id]?.outOfMemoryKills = 0
        machines[id]?.refusedProcesses = 0
        machines[id]?.fullPlaces = []
        machines[id]?.usage = nil
        if let program, let cgroups = MachineCgroups(process: program.pid), cgroups.belongs(to: id) {
            run.cgroups = cgroups
            machines[id]?.run = run
            try store.write(run, for: id)
        }
    }

    private func startHolder(
        _ id: MachineID, _ machine: Machine, _ runtime: RuntimeDriver, _ places: BundleWriter.Places
    ) async throws(MachineError) -> (ChildProcess, ChildProcess?) {
        let spec = machine.spec
        var words = [
            host.settings.holder, "folder=\(store.folder(id))", "place=\(places.place)", "network=\(places.network)",
            "name=\(id)", "address=\(machines[id]?.run?.lease.address ?? "")",
            "writable=\(spec.resources.writableBytes)", "first-id=\(places.firstID ?? 0)",
            "log-bytes=\(configuration.logBytes)", "log-files=\(configuration.logFiles)",
            "patience=\(configuration.startTimeout.components.seconds)",
        ]
        words += spec.limitPath.map { ["limit=\($0)"] } ?? []
        if host.canTranslate, spec.hasEgress {
            words += Firewall.reachableServers(ControlFile.read("/etc/resolv.conf") ?? "").map { "nameserver=\($0)" }
        }
        words += host.holderCgroups.map { "cgroup=\($0)/\(names.cgroup)/holders" }
        words += machine.record.image.layers.reversed().map { "layer=\($0)" }
        words += spec.mounts.map { "bind=\($0.source)" }
        words.append("--")
        words += runtime.run(
            id, bundle: store.file(id, "bundle"), pidFile: store.file(id, "pid"), log: store.file(id, "runtime.log"))
        guard let (report, writing) = Descriptor.pipe() else {
            throw MachineError(.hostUnable, "no files are left for machine \(id); raise LimitNOFILE")
        }
        let holder = try ChildProcess(words, descriptors: [nil, nil, nil, writing])
        holder.isKept = true
        writing.close()
        let text = await Self.line(from: report, of: holder)
        let parts = text.split(separator: " ", maxSplits: 2).map(String.init)
        if parts.count == 2, parts[0] == "started", let pid = pid_t(parts[1]) {
            return (holder, ChildProcess(adopting: pid))
        }
        holder.send(SIGKILL)
        _ = await holder.wait()
        if parts.first == "failed", parts.count >= 2 {
            switch parts[1] {
            case "lease":
                throw MachineError(.leaseEnded, "its node's lease has ended; it is started where there is another one")
            case "timeout":
                throw MachineError(.timedOut, "the runtime did not start it within \(configuration.startTimeout)")
            case "runtime":
                let command = BundleWriter.arguments(spec, machine.record.image).first ?? ""
                throw RuntimeDriver.failure(log: store.text(id, "runtime.log") ?? "", command: command)
            default:
                let what = parts.count > 2 ? parts[2] : ""
                let code: MachineError.Code = what.contains("No space left") ? .diskFailed : .rootFailed
                throw MachineError(code, "its root file system cannot be put together: \(what)")
            }
        }
        throw MachineError(.runtimeFailed, "what should hold it ended at once; see the node's log")
    }

    /// What a holder says: one line.
    private static func line(from report: Descriptor, of holder: ChildProcess) async -> String {
        report.makeNonBlocking()
        var bytes: [UInt8] = []
        while bytes.count < 4_096, !bytes.contains(UInt8(ascii: "\n")) {
            guard let part = report.read(atMost: 512) else { break }
            bytes += part
            if part.isEmpty { await Readiness.wait(reading: [report]) }
        }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    // MARK: Ending

    /// Waits for the holder's end, which comes with the machine's.
    func watch(_ id: MachineID, _ generation: Int) async {
        guard let holder = machines[id]?.holder else { return }
        if let program = machines[id]?.program {
            while program.poll() == nil, holder.poll() == nil, !hasLeft {
                await Readiness.wait(reading: [program.ending, holder.ending])
            }
            guard machines[id]?.generation == generation, !hasLeft else { return }
            // From now on nobody should dial it, while what it had is still being removed.
            machines[id]?.program = nil
            publish(id)
        }
        guard await holder.wait() != nil, machines[id]?.generation == generation, !hasLeft else { return }
        guard var exit = store.exit(id) else {
            let actions = machines[id]?.core.onLost("its holder ended without saying how the machine did") ?? []
            perform(actions, id)
            return
        }
        let kills = machines[id]?.run?.cgroups?.outOfMemoryKills ?? 0
        exit.wasOutOfMemory = kills > 0 && !exit.isSuccess
        await cleanUp(id)
        let actions = machines[id]?.core.onExit(exit, now: clock.now) ?? []
        perform(actions, id)
    }

    private func removeLost(_ id: MachineID) async {
        guard let runtime, machines[id]?.core.state == .lost else { return }
        do {
            try await runtime.remove(id)
            await cleanUp(id)
            let actions = machines[id]?.core.onRemoved(now: clock.now) ?? []
            perform(actions, id)
        } catch {
            record(.lost, error.description, id)
            machines[id]?.core.onRemoveFailed(now: clock.now)
            perform([], id)
        }
    }

    /// Removes what a container had: the runtime's memory of it, its cgroups, its network.
    func cleanUp(_ id: MachineID) async {
        machines[id]?.holder = nil
        machines[id]?.program = nil
        let lease = machines[id]?.run?.lease
        machines[id]?.run = nil
        do {
            try await runtime?.remove(id)
        } catch {
            logger.warning("A container's rest stays", metadata: ["machine": "\(id)", "error": "\(error)"])
        }
        if let lease { await network?.give(back: lease) }
        rmdir(place(id))
        store.remove(id, "run.json")
    }

    // MARK: Health

    private func beginChecks(_ id: MachineID) {
        guard let machine = machines[id], let address = machine.run?.lease.address else { return }
        let generation = machine.generation
        let health = machine.spec.health
        let first = machine.spec.ports.first.map { MachineHealthCheck.Probe.tcp(port: $0.number) }
        guard let probe = health?.probe ?? first else { return }
        let timeout = health?.timeout ?? .seconds(2)
        machines[id]?.checks?.cancel()
        machines[id]?.checks = Task {
            var schedule = CheckSchedule(interval: health?.interval ?? .seconds(1))
            while !Task.isCancelled {
                let failure: String?
                if case .command(let words) = probe {
                    failure = await runCheck(id, words, timeout)
                } else {
                    failure = await Prober.ask(probe, at: address, timeout: timeout)
                }
                guard !Task.isCancelled, machines[id]?.generation == generation else { return }
                let actions = machines[id]?.core.onCheck(failure, now: clock.now) ?? []
                if !actions.isEmpty { perform(actions, id) }
                let isHealthy = machines[id]?.core.state == .healthy
                if isHealthy && health == nil { return }
                try? await Task.sleep(for: schedule.next(isHealthy: isHealthy))
            }
        }
    }

    private func runCheck(_ id: MachineID, _ words: [String], _ timeout: Duration) async -> String? {
        let command: CommandRun
        do {
            command = try startCommand(id, MachineCommand(words))
        } catch {
            return error.message
        }
        let alarm = Task {
            try await Task.sleep(for: timeout)
            command.end()
        }
        defer { alarm.cancel() }
        let session = command.session()
        await session.closeInput()
        var said: [UInt8] = []
        for await output in session.output {
            switch output {
            case .bytes(let bytes, _): said += bytes.prefix(max(0, 200 - said.count))
            case .exit(let exit):
                if exit.isSuccess { return nil }
                let text = String(decoding: said.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
                return "\(words[0]): \(exit)\(text.isEmpty ? "" : " (\(text))")"
            }
        }
        return "\(words[0]) did not end within \(timeout)"
    }

    // MARK: Usage

    /// Looks at what every machine takes, and notes what the kernel refused.
    func sampleUsage() {
        for (id, machine) in machines {
            guard machine.core.state.mayRun, let cgroups = machine.run?.cgroups else { continue }
            let now = clock.now
            var usage = MachineUsage(
                cpuNanoseconds: cgroups.cpuNanoseconds, memoryBytes: cgroups.memoryBytes,
                memoryLimitBytes: machine.spec.resources.memoryBytes, processes: cgroups.processes,
                outOfMemoryKills: cgroups.outOfMemoryKills)
            if let before = machine.usage, let at = machine.usageAt, usage.cpuNanoseconds >= before.cpuNanoseconds {
                let elapsed = (now - at) / .nanoseconds(1)
                if elapsed > 0 {
                    usage.cpuMillis = Int(Double(usage.cpuNanoseconds - before.cpuNanoseconds) * 1_000 / elapsed)
                }
            }
            machines[id]?.usage = usage
            machines[id]?.usageAt = now
            if usage.outOfMemoryKills > machine.outOfMemoryKills {
                machines[id]?.outOfMemoryKills = usage.outOfMemoryKills
                let limit = usage.memoryLimitBytes >> 20
                record(.outOfMemory, "the kernel ended a process of it: more than \(limit) MiB of memory", id)
            }
            let refused = cgroups.refusedProcesses
            if refused > machine.refusedProcesses {
                if machine.refusedProcesses == 0 {
                    let limit = machine.spec.resources.maxProcesses
                    record(.processLimit, "it wanted more than \(limit) processes and threads", id)
                }
                machines[id]?.refusedProcesses = refused
            }
            noteFullDisks(id, machine)
            publish(id)
        }
    }

    /// Says once of each place of a machine that there is no room left, until there is again: the kernel tells only whoever
    /// writes.
    private func noteFullDisks(_ id: MachineID, _ machine: Machine) {
        guard let program = machine.program else { return }
        let volumes = machine.spec.mounts.filter { !$0.isReadOnly }.map(\.target)
        for place in ["/", "/tmp"] + volumes {
            var disk = statvfs()
            guard statvfs("/proc/\(program.pid)/root\(place)", &disk) == 0, disk.f_flag & UInt(ST_RDONLY) == 0,
                disk.f_blocks > 0
            else { continue }
            if disk.f_bavail > 0 {
                machines[id]?.fullPlaces.remove(place)
            } else if machines[id]?.fullPlaces.insert(place).inserted == true {
                record(.diskFull, "no room is left at \(place)", id)
            }
        }
    }

    /// What a machine takes, looked at now.
    public func usage(_ id: MachineID) throws(MachineError) -> MachineUsage? {
        _ = try find(id)
        sampleUsage()
        return machines[id]?.usage
    }
}
