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

    private let node: NodeID
    private let state: @Sendable () -> LedgerState
    let machines: MachineKeeper
    let control: any MachineControl
    /// Nil on a node that runs no machines.
    let volumes: NodeVolumes?
    private let now: @Sendable () -> Int64
    private var sessions: [String: (session: ExecSession, owner: AccountID)] = [:]
    private var nonces: [String: Int64] = [:]

    /// - Parameter now: Seconds since 1970.
    init(
        node: NodeID, state: @escaping @Sendable () -> LedgerState, machines: MachineKeeper,
        control: any MachineControl, volumes: NodeVolumes? = nil,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }
    ) {
        self.node = node
        self.state = state
        self.machines = machines
        self.control = control
        self.volumes = volumes
        self.now = now
    }

    /// Ends commands that nobody asks about any more, until cancelled.
    func run() async {
        while (try? await Task.sleep(for: .seconds(5))) != nil {
            for (id, known) in sessions {
                let lastStep = await known.session.lastStep
                guard .now - lastStep > MachineDesk.sessionPatience else { continue }
                await known.session.hangUp()
                sessions[id] = nil
            }
        }
        for known in sessions.values { await known.session.hangUp() }
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
                status: 401, code: "machine/wrong-node", message: "The order is for another node or network")
        }
        let now = now()
        guard abs(now - order.time) <= MachineOrder.maxAgeSeconds else {
            throw ControlFailure(
                status: 401, code: "machine/stale-order",
                message: "The order is \(now - order.time) s old; set the clocks of both machines")
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
            try await setStopped(order, true)
            let id = try await container(order)
            try await control.stop(id)
        case .start: try await setStopped(order, false)
        case .restart:
            try await setStopped(order, false)
            try await control.restart(try await container(order))
        case .events(let sequence): return try await events(order, after: sequence)
        case .logs(let after, let tail, let wait): return try await logs(order, after: after, tail: tail, wait: wait)
        case .exec(let words, let columns, let rows): return try await exec(order, account, words, size(columns, rows))
        case .volume(let action): return try await carryOut(action, order)
        case .step(let id, let input, let endsInput, let columns, let rows, let wait):
            guard let known = sessions[id], known.owner == account else { throw MachineDesk.noSession }
            var answer = MachineOrderAnswer()
            answer.output = await known.session.step(
                input: input, endsInput: endsInput, size: size(columns, rows),
                wait: .milliseconds(min(max(wait, 0), MachineOrder.maxWaitMillis)))
            if answer.output?.end != nil { sessions[id] = nil }
            return answer
        case .hangUp(let id):
            guard let known = sessions[id], known.owner == account else { throw MachineDesk.noSession }
            await known.session.hangUp()
            sessions[id] = nil
        }
        return MachineOrderAnswer()
    }

    private static var noSession: ControlFailure {
        ControlFailure(status: 404, code: "machine/no-session", message: "The command has ended, or was never begun")
    }

    private func container(_ order: MachineOrder) async throws -> MachineID {
        guard let id = await machines.container(order.app, order.slot) else { throw noMachine(order) }
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

    private func events(_ order: MachineOrder, after sequence: Int) async throws -> MachineOrderAnswer {
        var answer = MachineOrderAnswer()
        answer.events = try await control.events(try await container(order), after: sequence)
            .suffix(MachineOrder.maxLines).map {
                .init(sequence: $0.sequence, at: $0.at, kind: $0.kind.rawValue, reason: $0.reason)
            }
        return answer
    }

    /// Lines behind a time: the supervisor is asked anew each time, so nothing is kept here for those who go away.
    private func logs(_ order: MachineOrder, after: Int64, tail: Int, wait: Int) async throws -> MachineOrderAnswer {
        let id = try await container(order)
        let limit = min(max(tail, 1), MachineOrder.maxLines)
        let deadline = ContinuousClock.now + .milliseconds(min(max(wait, 0), MachineOrder.maxWaitMillis))
        var answer = MachineOrderAnswer()
        while true {
            var lines: [MachineOrderAnswer.Line] = []
            for await line in try await control.logs(id, tail: limit, follow: false) where line.at > after {
                lines.append(.init(at: line.at, stream: line.stream.rawValue, text: line.text))
            }
            answer.lines = lines
            guard lines.isEmpty, ContinuousClock.now < deadline else { return answer }
            try await Task.sleep(for: MachineDesk.linePause)
        }
    }

    private func exec(
        _ order: MachineOrder, _ account: AccountID, _ words: [String], _ terminal: MachineCommand.Terminal?
    ) async throws -> MachineOrderAnswer {
        guard sessions.count < MachineDesk.maxSessions else {
            throw ControlFailure(
                status: 429, code: "machine/too-many-sessions",
                message: "\(sessions.count) commands run in this node's machines; end one first")
        }
        guard !words.isEmpty else {
            throw ControlFailure(status: 422, code: "machine/no-command", message: "Say which command is to be run")
        }
        let running = try await control.exec(
            try await container(order), MachineCommand(words, terminal: terminal))
        let id = UUID().uuidString
        let session = ExecSession(id: id, session: running)
        await session.begin()
        sessions[id] = (session, account)
        var answer = MachineOrderAnswer()
        answer.output = MachineOrderAnswer.Output(session: id)
        return answer
    }
}
