import ControlModel
import Foundation
import Identity
import Ledger
import Logging
import Machines

/// Carries out what apps' owners ask of this node's machines.
actor MachineDesk {
    /// Commands in machines at a time.
    static let maxSessions = 64
    /// A command that nobody asks about for so long is ended.
    static let sessionPatience = Duration.seconds(60)
    /// Nonces that are remembered at most.
    static let maxNonces = 100_000
    private static let linePause = Duration.milliseconds(50)
    /// How long an order waits for what it asked for; it happens all the same if that takes longer.
    static let settleTime = Duration.seconds(60)

    private let node: NodeID
    private let state: @Sendable () -> LedgerState
    let machines: MachineKeeper
    private let previews: MachinePreviews?
    let control: any MachineControl
    /// Nil on a node that runs no machines.
    let volumes: NodeVolumes?
    private let now: @Sendable () -> Int64
    /// When this desk was opened, in seconds since 1970.
    private let started: Int64
    private var sessions: [String: (session: ExecSession, owner: AccountID)] = [:]
    /// Slots, as `app/slot`, that may not run because something is being done to their volumes.
    var paused: Set<String> = []
    /// Sessions that are about to begin.
    private var beginning = 0
    private var nonces: [String: Int64] = [:]

    /// - Parameter now: Seconds since 1970.
    init(
        node: NodeID, state: @escaping @Sendable () -> LedgerState, machines: MachineKeeper,
        previews: MachinePreviews? = nil, control: any MachineControl, volumes: NodeVolumes? = nil,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }
    ) {
        self.node = node
        self.state = state
        self.machines = machines
        self.previews = previews
        self.control = control
        self.volumes = volumes
        self.now = now
        started = now()
    }

    /// Ends commands that nobody asks about any more, until cancelled.
    func run() async {
        while (try? await Task.sleep(for: .seconds(5))) != nil {
            for (id, known) in sessions {
                let lastUse = await known.session.lastUse
                guard .now - lastUse > MachineDesk.sessionPatience else { continue }
                await known.session.hangUp()
                sessions[id] = nil
            }
        }
        for known in sessions.values { await known.session.hangUp() }
        sessions = [:]
    }

    /// Carries an order out.
    ///
    /// - Throws: ``ControlFailure``.
    func answer(_ bytes: Data) async throws -> MachineOrderAnswer {
        let (order, account) = try MachineOrder.read(bytes)
        try admit(order, account)
        do {
            return try await carryOut(order, account)
        } catch let error as MachineError {
            throw ControlFailure(status: 409, code: error.code.rawValue, message: error.message)
        }
    }

    private func admit(_ order: MachineOrder, _ account: AccountID) throws {
        let state = state()
        guard order.network == state.networkID.description, order.node == node.description else {
            throw ControlFailure(
                status: 401, code: "machine/wrong-node",
                message: "The order is for another node or network; sign one for this node")
        }
        let now = now()
        // What this node heard before it was started it does not remember: it could be a repetition.
        let first = max(started, now - MachineOrder.maxAgeSeconds)
        guard order.time >= first, order.time <= now + MachineOrder.maxAgeSeconds else {
            throw ControlFailure(
                status: 401, code: "machine/stale-order",
                message: "The order is of second \(order.time), and it is \(now); set the clocks of both machines")
        }
        guard (1...MachineOrder.maxNonceBytes).contains(order.nonce.utf8.count) else {
            throw ControlFailure(status: 400, code: "machine/bad-order", message: "The order's nonce is too long")
        }
        _ = try state.owned(order.app, by: account, "commands its machines")
        nonces =
            nonces.count < MachineDesk.maxNonces
            ? nonces : nonces.filter { now - $0.value <= 2 * MachineOrder.maxAgeSeconds }
        guard nonces.count < MachineDesk.maxNonces, nonces.updateValue(now, forKey: order.nonce) == nil else {
            throw ControlFailure(
                status: 401, code: "machine/replayed", message: "The order was given before; sign it again")
        }
    }

    private func carryOut(_ order: MachineOrder, _ account: AccountID) async throws -> MachineOrderAnswer {
        switch order.action {
        case .stop:
            try requireUnpaused(order)
            try await setStopped(order, true)
            await machines.settle(order.app, order.slot, within: MachineDesk.settleTime)
        case .start: try await setStopped(order, false)
        case .restart:
            try requireUnpaused(order)
            guard await machines.restart(order.app, order.slot) else { throw noMachine(order) }
            await machines.settle(order.app, order.slot, within: MachineDesk.settleTime)
        case .events(let sequence): return try await events(order, after: sequence)
        case .logs(let after, let tail, let wait): return try await logs(order, after: after, tail: tail, wait: wait)
        case .exec(let words, let columns, let rows):
            let command = MachineCommand(words, terminal: size(columns, rows))
            return try await begin(account) { try await control.exec(try await container(order), command) }
        case .copyIn(let path):
            return try await begin(account) { try await control.copy(try await container(order), .into(path)) }
        case .copyOut(let path):
            return try await begin(account) { try await control.copy(try await container(order), .outOf(path)) }
        case .volume(let action): return try await carryOut(action, order)
        case .input(let id, let bytes, let ends, let wait):
            var answer = MachineOrderAnswer()
            answer.input = try await session(id, account).input(bytes, ends: ends, wait: MachineDesk.limited(wait))
            return answer
        case .output(let id, let wait):
            var answer = MachineOrderAnswer()
            answer.output = try await session(id, account).output(wait: MachineDesk.limited(wait))
            if answer.output?.end != nil { sessions[id] = nil }
            return answer
        case .resize(let id, let columns, let rows):
            try await session(id, account).resize(.init(columns: columns, rows: rows))
        case .hangUp(let id):
            try await session(id, account).hangUp()
            sessions[id] = nil
        }
        return MachineOrderAnswer()
    }

    private func session(_ id: String, _ account: AccountID) throws -> ExecSession {
        guard let known = sessions[id], known.owner == account else {
            throw ControlFailure(
                status: 404, code: "machine/no-session",
                message: "The command has ended, or was never begun; begin another one")
        }
        return known.session
    }

    private static func limited(_ millis: Int) -> Duration {
        .milliseconds(min(max(millis, 0), MachineOrder.maxWaitMillis))
    }

    private func container(_ order: MachineOrder) async throws -> MachineID {
        if let id = await machines.container(order.app, order.slot) { return id }
        guard let id = await previews?.container(order.app, order.slot) else { throw noMachine(order) }
        return id
    }

    private func noMachine(_ order: MachineOrder) -> ControlFailure {
        ControlFailure(
            status: 404, code: "machine/not-here",
            message: "Slot \(order.slot) of \(order.app) is not on node \(node.short) now; look at "
                + "`skerry machines status \(order.app)`")
    }

    private func setStopped(_ order: MachineOrder, _ isStopped: Bool) async throws {
        guard await machines.setStopped(order.app, order.slot, isStopped) else { throw noMachine(order) }
    }

    private func size(_ columns: UInt16?, _ rows: UInt16?) -> MachineCommand.Terminal? {
        guard let columns, let rows else { return nil }
        return MachineCommand.Terminal(columns: columns, rows: rows)
    }

    /// A container's events, and behind them what cannot be made in its slot and which ports this node could not open as they
    /// were asked for: that is told each time, as long as it is so.
    private func events(_ order: MachineOrder, after sequence: Int) async throws -> MachineOrderAnswer {
        let id = try await container(order)
        let failures = await machines.failures(order.app, order.slot).sorted { $0.value.at < $1.value.at }
        var events: [MachineEvent] = []
        do throws(MachineError) {
            events = try await control.events(id, after: sequence)
        } catch {
            guard error.code == .unknown, !failures.isEmpty else { throw error }
        }
        for (release, failure) in failures {
            events.append(
                MachineEvent(
                    sequence: 0, at: failure.at, kind: .startFailed,
                    reason: "release \(release), attempt \(failure.count): \(failure.reason)"))
        }
        for gate in machines.table.gates where gate.app == order.app && !gate.reason.isEmpty {
            let reason = "port \(gate.port): \(gate.reason)"
            events.append(MachineEvent(sequence: 0, at: now() * 1_000, kind: .portTaken, reason: reason))
        }
        var answer = MachineOrderAnswer()
        answer.events = events.suffix(MachineOrder.maxLines).map {
            .init(sequence: $0.sequence, at: $0.at, kind: $0.kind.rawValue, reason: $0.reason)
        }
        return answer
    }

    /// With no time the last lines, else the first ones behind it: whoever asks on misses none. The supervisor is asked anew
    /// each time, so nothing is kept here for those who go away.
    private func logs(_ order: MachineOrder, after: Int64, tail: Int, wait: Int) async throws -> MachineOrderAnswer {
        let id = try await container(order)
        let limit = min(max(tail, 1), MachineOrder.maxLines)
        let deadline = ContinuousClock.now + MachineDesk.limited(wait)
        var answer = MachineOrderAnswer()
        while true {
            var lines: [MachineLogLine] = []
            if after > 0 {
                lines = try await control.lines(id, after: after, limit: limit)
            } else {
                for await line in try await control.logs(id, tail: limit, follow: false) { lines.append(line) }
            }
            answer.lines = MachineDesk.limited(lines, fromTheFirst: after > 0).map {
                .init(at: $0.at, stream: $0.stream.rawValue, text: $0.text)
            }
            guard lines.isEmpty, ContinuousClock.now < deadline,
                (try? await Task.sleep(for: MachineDesk.linePause)) != nil
            else { return answer }
        }
    }

    /// The first or the last lines that fit into an answer.
    private static func limited(_ lines: [MachineLogLine], fromTheFirst: Bool) -> [MachineLogLine] {
        var left = MachineOrder.maxLineBytes
        func fits(_ line: MachineLogLine) -> Bool {
            left -= line.text.utf8.count
            return left >= 0
        }
        return fromTheFirst
            ? Array(lines.prefix(while: fits)) : Array(lines.reversed().prefix(while: fits).reversed())
    }

    private func begin(
        _ account: AccountID, _ start: () async throws -> MachineSession
    ) async throws -> MachineOrderAnswer {
        guard sessions.count + beginning < MachineDesk.maxSessions else {
            throw ControlFailure(
                status: 429, code: "machine/too-many-sessions",
                message: "\(sessions.count) commands run in this node's machines; end one first")
        }
        beginning += 1
        defer { beginning -= 1 }
        let id = UUID().uuidString
        let session = ExecSession(id: id, session: try await start())
        await session.begin()
        sessions[id] = (session, account)
        var answer = MachineOrderAnswer()
        answer.output = MachineOrderAnswer.Output(session: id)
        return answer
    }
}
