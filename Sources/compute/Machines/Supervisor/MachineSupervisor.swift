import Cgroups
import Foundation
public import Logging

/// Runs the machines of one node.
///
/// It outlives nothing that it starts: each machine has a holder, a process of its own, so that machines go on when the
/// node dies. `open` finds them again.
public actor MachineSupervisor: MachineControl {
    /// How a node runs its machines.
    public struct Configuration: Sendable {
        /// The node's folder for machines. One supervisor at a time.
        public var folder: String
        /// TCP ports of the node, at `hostAddress`, that machines may reach.
        public var servicePorts: [UInt16] = []
        /// Bytes of one log file; a machine keeps `logFiles` of them.
        public var logBytes = 4 << 20
        /// Files of a machine's log, the current one included.
        public var logFiles = 3
        /// Machines that the node may know.
        public var maxMachines = NetworkBlock.slots
        /// Usage is looked at so often.
        public var usageInterval = Duration.seconds(5)
        /// How long a runtime may take to start a container.
        public var startTimeout = Duration.seconds(30)
        var core = MachineCore.Settings()

        /// Defaults for a folder.
        public init(folder: String) { self.folder = folder }
    }

    /// A machine with everything that belongs to it.
    struct Machine {
        var record: MachineStore.Record
        var core: MachineCore
        var log: EventLog
        var run: MachineStore.Run?
        var holder: ChildProcess?
        var program: ChildProcess?
        var usage: MachineUsage?
        var usageAt: ContinuousClock.Instant?
        var outOfMemoryKills = 0
        var refusedProcesses = 0
        /// Where it has no room left, and was told so.
        var fullPlaces: Set<String> = []
        /// Counts its containers; what comes from an earlier one is dropped.
        var generation = 0
        var timer: Task<Void, Never>?
        var checks: Task<Void, Never>?
        var spec: MachineSpec { record.spec }
    }

    let configuration: Configuration
    let host: MachineHost
    let store: MachineStore
    let logger: Logger
    /// Nil where this host cannot run machines.
    let runtime: RuntimeDriver?
    let network: MachineNetwork?
    let block: NetworkBlock?
    /// What belongs to this node on its host.
    let names: HostNames
    /// Held until this is closed, so that nobody takes its node for one that is gone.
    private let claim: Descriptor?
    let clock = ContinuousClock()
    let openFiles: UInt64

    var machines: [MachineID: Machine] = [:]
    private var waiters: [MachineID: [Int: CheckedContinuation<Void, Never>]] = [:]
    private var observers: [Int: AsyncStream<MachineStatus>.Continuation] = [:]
    private var lastNumber = 0
    private var statusNumber: UInt64 = 0
    private var commandNumber = 0
    private(set) var isClosed = false
    /// Machines that go on are somebody else's from now on.
    private(set) var hasLeft = false

    /// Finds the machines of a folder: what still runs is adopted or ended, what should run is started, and what an
    /// earlier run left over is removed.
    ///
    /// On a host that cannot run machines this works too; then nothing can be created or started.
    public static func open(
        _ configuration: Configuration, host: MachineHost, logger: Logger
    ) async throws(MachineError) -> MachineSupervisor {
        let supervisor = try MachineSupervisor(configuration, host: host, logger: logger)
        try await supervisor.restore()
        return supervisor
    }

    private init(_ configuration: Configuration, host: MachineHost, logger: Logger) throws(MachineError) {
        guard makeFolders(configuration.folder), let path = realpath(configuration.folder, nil) else {
            let reason = String(cString: strerror(errno))
            throw MachineError(.diskFailed, "the folder \(configuration.folder) cannot be made: \(reason)")
        }
        defer { free(path) }
        let folder = String(cString: path)
        self.configuration = configuration
        self.host = host
        self.logger = logger
        store = MachineStore(folder: folder)
        names = HostNames(folder: folder)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        openFiles = UInt64(limit.rlim_max)
        guard host.canRun, let found = host.runtime else {
            runtime = nil
            network = nil
            block = nil
            claim = nil
            return
        }
        // The claim comes first: what is there without one is taken for what a node that is gone left.
        let (state, claims) = (host.settings.stateFolder(of: names), host.settings.claims)
        let claimed = NetworkBlock.claim(
            for: folder, in: claims, startingAt: Int(HostNames.hash(folder) % UInt64(NetworkBlock.count)))
        claim = claimed?.hold(in: claims)
        guard let block = claimed, makeFolders("\(state)/\(MachineHost.runtimeName)"),
            makeFolders("\(state)/\(Self.limitName)")
        else {
            throw MachineError(
                .networkFailed,
                "no addresses for machines are left on this host, or \(state) cannot be written; "
                    + "`skerry node clean` gives back those of nodes that are gone")
        }
        self.block = block
        runtime = RuntimeDriver(kind: found.kind, path: found.path, root: "\(state)/\(MachineHost.runtimeName)")
        network = MachineNetwork(
            host: host, names: names, block: block, services: configuration.servicePorts, logger: logger)
    }

    /// What machines know this node by, and where it may listen for them; nil where none can run.
    public nonisolated var hostAddress: String? { block?.hostAddress }

    private static let limitName = "limits"
    /// A folder for the files that `MachineSpec.limitPath` names: a full disk is none of it, and a restart of the host, with
    /// which their clock begins anew, empties it. Nil where no machine can run.
    public nonisolated var limitFolder: String? {
        block.map { _ in "\(host.settings.stateFolder(of: names))/\(Self.limitName)" }
    }

    /// The size of a container's place, before the holder fills it.
    func place(_ id: MachineID) -> String { "\(host.settings.stateFolder(of: names))/\(id)" }
    func cgroup(_ id: MachineID) -> String { "/\(names.cgroup)/\(id)" }

    /// Leaves: machines that are to be ended with their node are stopped, the others go on. Returns when that is done.
    public func close() async {
        guard !isClosed else { return }
        isClosed = true
        let ending = machines.values.filter { $0.spec.orphan == .end && $0.core.state.mayRun }.map(\.spec.id)
        await withTaskGroup(of: Void.self) { group in
            for id in ending { group.addTask { await self.end(id) } }
        }
        for id in Array(machines.keys) {
            machines[id]?.timer?.cancel()
            machines[id]?.checks?.cancel()
        }
        for observer in observers.values { observer.finish() }
        observers = [:]
        hasLeft = true
        let goesOn = machines.values.contains { $0.core.state.mayRun }
        await network?.close(whileMachinesRun: goesOn)
        if !goesOn { removeCgroups() }
        claim?.close()
    }

    /// Folders that are empty by now; the kernel refuses to remove others.
    private func removeCgroups() {
        for root in host.cgroupRoots {
            for name in ["\(names.cgroup)/holders", names.cgroup, HostNames.cgroups] { rmdir("\(root)/\(name)") }
        }
    }

    /// Looks at what machines take, until the task is cancelled: only then it is known, and told, that the kernel refused them
    /// memory or processes.
    public func watchUsage() async {
        while (try? await Task.sleep(for: configuration.usageInterval)) != nil { sampleUsage() }
    }

    /// Looks at usage until the task is cancelled, then closes.
    public func run() async {
        await watchUsage()
        await close()
    }

    private func end(_ id: MachineID) async {
        guard var machine = machines[id] else { return }
        let actions = machine.core.onStop("its node is shutting down", now: clock.now)
        machines[id] = machine
        // It should run again when the node comes back.
        perform(actions.filter { $0 != .persist }, id)
        await wait(id) { !$0.core.state.mayRun }
    }

    // MARK: Control

    public func create(_ spec: MachineSpec, image: MachineImage) throws(MachineError) {
        _ = try ableRuntime()
        try BundleWriter.check(spec, image)
        guard machines[spec.id] == nil else {
            throw MachineError(.exists, "there is a machine \(spec.id); destroy it first, or take another name")
        }
        guard machines.count < configuration.maxMachines else {
            throw MachineError(
                .noRoom, "this node knows \(machines.count) machines already, and may know no more; add a node")
        }
        let record = MachineStore.Record(spec: spec, image: image, isWanted: false)
        try store.write(record)
        machines[spec.id] = Machine(
            record: record, core: MachineCore(spec, settings: configuration.core), log: store.events(spec.id))
        perform([.record(.created, "from \(spec.image)")], spec.id)
    }

    public func change(_ spec: MachineSpec, image: MachineImage) async throws(MachineError) {
        _ = try ableRuntime()
        try BundleWriter.check(spec, image)
        try await stop(spec.id)
        let machine = try find(spec.id)
        guard !machine.core.state.mayRun else {
            throw MachineError(.wrongState, "machine \(spec.id) was started again while it was to be changed; repeat")
        }
        let record = MachineStore.Record(spec: spec, image: image, isWanted: false)
        try store.write(record)
        machines[spec.id]?.record = record
        machines[spec.id]?.core = MachineCore(spec, settings: configuration.core)
        perform([.record(.created, "anew, from \(spec.image)")], spec.id)
    }

    public func start(_ id: MachineID) throws(MachineError) {
        _ = try ableRuntime()
        let actions = try change(id) { core in core.onStart() }
        perform(actions, id)
    }

    public func waitUntilHealthy(_ id: MachineID, timeout: Duration) async throws(MachineError) {
        _ = try find(id)
        let alarm = Task {
            try await Task.sleep(for: timeout)
            self.wake(id)
        }
        defer { alarm.cancel() }
        let deadline = clock.now + timeout
        await wait(id) { machine in
            switch machine.core.state {
            case .starting, .draining: ContinuousClock.now >= deadline
            default: true
            }
        }
        let machine = try find(id)
        switch machine.core.state {
        case .healthy: return
        case .starting, .draining:
            throw MachineError(.timedOut, "machine \(id) is \(machine.core.state.rawValue) after \(timeout)")
        default:
            throw MachineError(
                .wrongState, "machine \(id) is \(machine.core.state.rawValue): \(machine.log.events.last?.reason ?? "")"
            )
        }
    }

    public func stop(_ id: MachineID) async throws(MachineError) {
        let now = clock.now
        let actions = try change(id) { core in core.onStop("asked to stop", now: now) }
        perform(actions, id)
        await wait(id) { !$0.core.state.mayRun || $0.core.isWanted }
    }

    public func restart(_ id: MachineID) async throws(MachineError) {
        try await stop(id)
        try start(id)
    }

    public func destroy(_ id: MachineID) async throws(MachineError) {
        guard machines[id] != nil else { return }
        try await stop(id)
        guard let machine = machines[id] else { return }
        guard !machine.core.state.mayRun else {
            throw MachineError(.wrongState, "machine \(id) was started again while it was to be destroyed")
        }
        try store.forget(id)
        machine.timer?.cancel()
        machines[id] = nil
        wake(id)
    }

    public func status(_ id: MachineID) throws(MachineError) -> MachineStatus { status(of: try find(id)) }

    public func list() -> [MachineStatus] {
        machines.values.map { status(of: $0) }.sorted { $0.id < $1.id }
    }

    public func events(_ id: MachineID, after sequence: Int) throws(MachineError) -> [MachineEvent] {
        try find(id).log.events.filter { $0.sequence > sequence }
    }

    public func lines(_ id: MachineID, after time: Int64, limit: Int) async throws(MachineError) -> [MachineLogLine] {
        _ = try find(id)
        return await Self.read(LogFiles(folder: store.folder(id), count: configuration.logFiles), time, limit)
    }

    /// Reads files, so not on the actor.
    private nonisolated static func read(_ files: LogFiles, _ time: Int64, _ limit: Int) async -> [MachineLogLine] {
        files.lines(after: time, limit: limit)
    }

    public func logs(
        _ id: MachineID, tail: Int, follow: Bool
    ) throws(MachineError) -> AsyncStream<MachineLogLine> {
        _ = try find(id)
        let files = LogFiles(folder: store.folder(id), count: configuration.logFiles)
        return AsyncStream(bufferingPolicy: .bufferingNewest(LogFiles.maxTail)) { continuation in
            let task = Task { await self.send(files, of: id, tail: tail, follow: follow, to: continuation) }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    public func exec(_ id: MachineID, _ command: MachineCommand) throws(MachineError) -> MachineSession {
        try startCommand(id, command).session()
    }

    public func copy(_ id: MachineID, _ copy: MachineCopy) throws(MachineError) -> MachineSession {
        _ = try ableRuntime()
        let (machine, _, program) = try running(id)
        guard !copy.path.isEmpty, copy.path.utf8.count <= MachineCopy.maxPathBytes, !copy.path.utf8.contains(0) else {
            throw MachineError(.invalidSpec, "the path is empty, too long, or has a NUL byte")
        }
        guard let cgroups = machine.run?.cgroups else {
            throw MachineError(.wrongState, "machine \(id) has only just begun, or is ending; try again")
        }
        let user = machine.spec.user ?? machine.record.image.user
        var words = [host.settings.holder, "copy"]
        if case .into = copy { words.append("in") } else { words.append("out") }
        words += ["\(user.user)", "\(user.group)", host.usesUserNamespaces ? "1" : "0", copy.path]
        return try CommandRun(words + cgroups.folders, with: program.ending).session()
    }

    public func changes() -> AsyncStream<MachineStatus> {
        lastNumber += 1
        let number = lastNumber
        let (stream, continuation) = AsyncStream.makeStream(
            of: MachineStatus.self, bufferingPolicy: .bufferingNewest(4 * max(64, configuration.maxMachines)))
        continuation.onTermination = { _ in Task { await self.forgetObserver(number) } }
        observers[number] = continuation
        for status in list() { continuation.yield(status) }
        if isClosed { continuation.finish() }
        return stream
    }

    // MARK: Inside

    func startCommand(_ id: MachineID, _ command: MachineCommand) throws(MachineError) -> CommandRun {
        let runtime = try ableRuntime()
        let (machine, holder, _) = try running(id)
        let process = try BundleWriter.process(command, in: machine.spec, machine.record.image, openFiles: openFiles)
        commandNumber += 1
        let pidFile = store.file(id, "command-\(commandNumber)")
        let enter = [host.settings.holder, "enter", "\(holder.pid)"]
        return try CommandRun(
            enter + runtime.exec(id, process: "/proc/self/fd/3", pidFile: pidFile),
            description: BundleWriter.encode(process), terminal: command.terminal, in: id, pidFile: pidFile)
    }

    /// A machine that runs, with what holds it and its first process.
    private func running(_ id: MachineID) throws(MachineError) -> (Machine, ChildProcess, ChildProcess) {
        let machine = try find(id)
        guard let holder = machine.holder, let program = machine.program, machine.core.state.mayRun else {
            throw MachineError(.wrongState, "machine \(id) is \(machine.core.state.rawValue); start it first")
        }
        return (machine, holder, program)
    }

    func ableRuntime() throws(MachineError) -> RuntimeDriver {
        guard !isClosed else { throw MachineError(.wrongState, "the node is shutting down") }
        guard let runtime else {
            throw MachineError(
                .hostUnable, "this node cannot run machines: \(host.obstacle ?? "no runtime"); see skerry doctor")
        }
        return runtime
    }

    func find(_ id: MachineID) throws(MachineError) -> Machine {
        guard let machine = machines[id] else { throw MachineError(.unknown, "this node has no machine \(id)") }
        return machine
    }

    /// Reads files, so not on the actor.
    private nonisolated func send(
        _ files: LogFiles, of id: MachineID, tail: Int, follow: Bool,
        to continuation: AsyncStream<MachineLogLine>.Continuation
    ) async {
        var (lines, reader) = files.last(tail)
        for line in lines { continuation.yield(line) }
        while follow, !Task.isCancelled {
            let isLast = !(await knows(id))
            lines = reader.more()
            for line in lines { continuation.yield(line) }
            if isLast { break }
            try? await Task.sleep(for: LogFiles.followInterval)
        }
        continuation.finish()
    }

    private func knows(_ id: MachineID) -> Bool { machines[id] != nil && !isClosed }

    private func forgetObserver(_ number: Int) { observers[number] = nil }

    private func change(
        _ id: MachineID, _ body: (inout MachineCore) -> [MachineCore.Action]
    ) throws(MachineError) -> [MachineCore.Action] {
        var machine = try find(id)
        let actions = body(&machine.core)
        machines[id] = machine
        return actions
    }

    func status(of machine: Machine) -> MachineStatus {
        let runs = machine.core.state.mayRun
        // Its program has ended, and what it had is being removed.
        let isEnding = machine.core.state == .healthy && machine.program == nil
        statusNumber += 1
        return MachineStatus(
            id: machine.spec.id, state: isEnding ? .draining : machine.core.state, image: machine.spec.image,
            address: runs && machine.program != nil ? machine.run?.lease.address : nil, ports: machine.spec.ports,
            restarts: machine.core.restarts, startedAt: runs ? machine.run?.startedAt : nil, exit: machine.core.exit,
            reason: machine.log.events.last?.reason, usage: runs ? machine.usage : nil,
            isWanted: machine.core.isWanted, sequence: statusNumber)
    }

    /// Tells those who look on, and those who wait.
    func publish(_ id: MachineID) {
        if let machine = machines[id] {
            let status = status(of: machine)
            for observer in observers.values { observer.yield(status) }
        }
        wake(id)
    }

    func wake(_ id: MachineID) {
        for continuation in (waiters.removeValue(forKey: id) ?? [:]).values { continuation.resume() }
    }

    /// Waits until a condition holds, or the machine is gone, or the task is cancelled.
    func wait(_ id: MachineID, until condition: (Machine) -> Bool) async {
        while let machine = machines[id], !condition(machine), !Task.isCancelled {
            lastNumber += 1
            let number = lastNumber
            await withTaskCancellationHandler {
                await withCheckedContinuation { waiters[id, default: [:]][number] = $0 }
            } onCancel: {
                Task { await self.wake(id) }
            }
        }
    }
}
