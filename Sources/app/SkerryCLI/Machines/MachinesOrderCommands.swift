import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity
import Ledger

struct MachinesStartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start machines that were stopped or are asleep.")

    @OptionGroup var target: MachineTargetOptions

    func run() async throws { try await order(.start, target, "started") }
}

struct MachinesStopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop machines until they are started again.",
        discussion: "A machine whose node dies starts elsewhere, also if it was stopped. To have none, scale to 0.")

    @OptionGroup var target: MachineTargetOptions

    func run() async throws { try await order(.stop, target, "stopped") }
}

struct MachinesRestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Stop machines and start them, one after the other.",
        discussion: """
            The next one begins when the one before is healthy again; if it does not become healthy, the others run on \
            as they are, and the command fails. Machines get the values that their secrets have by then.
            """)

    @OptionGroup var target: MachineTargetOptions

    func run() async throws {
        let client = try target.node.client()
        let machines = try await target.machines(client)
        var done: [MachineOrderReport] = []
        try await MachineRestart(client: client, key: try target.account.load()).run(machines) { machine in
            done.append(MachineOrderReport(machine, "restarted", isShown: !target.node.data.json))
        }
        if target.node.data.json { try Terminal.printJSON(done) }
    }
}

/// What was done to a machine.
struct MachineOrderReport: Encodable {
    var app: String
    var slot: UInt32
    var node: String
    /// `started`, `stopped` or `restarted`.
    var done: String

    /// - Parameter isShown: Whether people are told at once.
    init(_ machine: MachineInfo, _ done: String, isShown: Bool) {
        app = machine.app
        slot = machine.slot
        node = machine.node ?? ""
        self.done = done
        if isShown { Terminal.print("\(done) \(app)/\(slot) on node \(node.prefix(8))") }
    }
}

private func order(_ action: MachineOrder.Action, _ target: MachineTargetOptions, _ done: String) async throws {
    let client = try target.node.client()
    let key = try target.account.load()
    var reports: [MachineOrderReport] = []
    for machine in try await target.machines(client) {
        guard let node = machine.node else { continue }
        _ = try await client.order(action, app: machine.app, slot: machine.slot, at: node, key: key)
        reports.append(MachineOrderReport(machine, done, isShown: !target.node.data.json))
    }
    if target.node.data.json { try Terminal.printJSON(reports) }
}

struct MachinesEventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "events", abstract: "Show what happened to machines.")

    @OptionGroup var target: MachineTargetOptions

    func run() async throws {
        let client = try target.node.client()
        let key = try target.account.load()
        var rows: [MachineEventRow] = []
        for machine in try await target.machines(client) {
            let events = try await MachinesEventsCommand.events(of: machine, client, key)
            rows += events.map { MachineEventRow(machine, $0) }
            if target.node.data.json { continue }
            Terminal.print("\(machine.app)/\(machine.slot) on node \(machine.node?.prefix(8) ?? "")")
            MachinesEventsCommand.show(events)
        }
        if target.node.data.json { try Terminal.printJSON(rows) }
    }

    /// What happened to a machine; nothing for one that is on no node.
    static func events(
        of machine: MachineInfo, _ client: NodeClient, _ key: SigningKey
    ) async throws -> [MachineOrderAnswer.Event] {
        guard let node = machine.node else { return [] }
        return try await client.order(
            .events(after: 0), app: machine.app, slot: machine.slot, at: node, key: key
        ).events ?? []
    }

    static func show(_ events: [MachineOrderAnswer.Event]) {
        for event in events {
            Terminal.print(
                "  \(Human.date(milliseconds: event.at))  \(event.kind)\(event.reason.isEmpty ? "" : ": ")"
                    + Terminal.safe(event.reason))
        }
    }
}

/// An event for scripts: the machine, and what happened to it.
struct MachineEventRow: Encodable {
    let machine: MachineInfo
    let event: MachineOrderAnswer.Event

    init(_ machine: MachineInfo, _ event: MachineOrderAnswer.Event) {
        self.machine = machine
        self.event = event
    }

    private enum CodingKeys: String, CodingKey { case app, slot, node }

    func encode(to encoder: any Encoder) throws {
        try event.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(machine.app, forKey: .app)
        try container.encode(machine.slot, forKey: .slot)
        try container.encodeIfPresent(machine.node, forKey: .node)
    }
}

struct MachinesLogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what machines wrote, over their restarts.",
        discussion: "With --json one object a line.")

    /// A line for scripts.
    private struct Row: Encodable {
        var app: String
        var slot: UInt32
        var node: String?
        /// Nanoseconds since 1970.
        var at: Int64
        var stream: String
        var text: String
    }

    @OptionGroup var target: MachineTargetOptions

    @Flag(name: .shortAndLong, help: "Go on and show what comes, until Ctrl-C.")
    var follow = false

    @Option(name: .tail, help: "Lines of each machine at first, 1 to \(MachineOrder.maxLines).")
    var tail = 100

    func validate() throws {
        guard (1...MachineOrder.maxLines).contains(tail) else {
            throw ValidationError("--tail must be 1 to \(MachineOrder.maxLines), not \(tail)")
        }
    }

    private static let wait = 15_000
    private static let pause = Duration.seconds(1)

    func run() async throws {
        let client = try target.node.client()
        try await MachinesLogsCommand.show(
            try await target.machines(client), from: client, try target.account.load(), tail: tail, follow: follow,
            json: target.node.data.json)
    }

    /// Shows what machines of one app wrote.
    static func show(
        _ machines: [MachineInfo], from client: NodeClient, _ key: SigningKey, tail: Int, follow: Bool, json: Bool
    ) async throws {
        let isOne = machines.count == 1
        try await withThrowingDiscardingTaskGroup { group in
            for machine in machines {
                guard let node = machine.node else { continue }
                group.addTask {
                    var after: Int64 = 0
                    var count = tail
                    repeat {
                        do {
                            let answer = try await client.order(
                                .logs(after: after, tail: count, waitMillis: after == 0 ? 0 : Self.wait),
                                app: machine.app, slot: machine.slot, at: node, key: key)
                            let lines = answer.lines ?? []
                            for line in lines { try Self.show(line, machine, isOne: isOne, json) }
                            after = max(after, lines.last?.at ?? 1)
                        } catch  where follow && after > 0 {
                            Terminal.note("note: \(machine.app)/\(machine.slot): \(Terminal.sentence(error))")
                            try await Task.sleep(for: Self.pause)
                        }
                        count = MachineOrder.maxLines
                    } while follow && !Task.isCancelled
                }
            }
        }
    }

    private static func show(
        _ line: MachineOrderAnswer.Line, _ machine: MachineInfo, isOne: Bool, _ json: Bool
    ) throws {
        if json {
            return try Terminal.printJSONLine(
                Row(
                    app: machine.app, slot: machine.slot, node: machine.node, at: line.at, stream: line.stream,
                    text: line.text))
        }
        let place = isOne ? "" : "\(machine.app)/\(machine.slot) "
        let mark = line.stream == "stderr" ? "! " : ""
        Terminal.print("\(Human.date(milliseconds: line.at / 1_000_000)) \(place)\(mark)\(Terminal.safe(line.text))")
    }
}
