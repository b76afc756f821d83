import ArgumentParser
import Client
import ControlModel
import Foundation
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
    static let configuration = CommandConfiguration(commandName: "restart", abstract: "Stop machines and start them.")

    @OptionGroup var target: MachineTargetOptions

    func run() async throws { try await order(.restart, target, "restarted") }
}

private func order(_ action: MachineOrder.Action, _ target: MachineTargetOptions, _ done: String) async throws {
    let client = try target.node.client()
    let key = try target.account.load()
    for machine in try await target.machines(client) {
        guard let node = machine.node else { continue }
        _ = try await client.order(action, app: machine.app, slot: machine.slot, at: node, key: key)
        Terminal.print("\(done) \(machine.app)/\(machine.slot) on node \(node.prefix(8))")
    }
}

struct MachinesEventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "events", abstract: "Show what happened to machines.")

    @OptionGroup var target: MachineTargetOptions

    func run() async throws {
        let client = try target.node.client()
        let key = try target.account.load()
        for machine in try await target.machines(client) {
            guard let node = machine.node else { continue }
            let answer = try await client.order(
                .events(after: 0), app: machine.app, slot: machine.slot, at: node, key: key)
            if target.node.data.json {
                try Terminal.printJSON(answer.events ?? [])
                continue
            }
            Terminal.print("\(machine.app)/\(machine.slot) on node \(node.prefix(8))")
            MachinesEventsCommand.show(answer.events ?? [])
        }
    }

    static func show(_ events: [MachineOrderAnswer.Event]) {
        for event in events {
            Terminal.print(
                "  \(Human.date(milliseconds: event.at))  \(event.kind)\(event.reason.isEmpty ? "" : ": ")"
                    + Terminal.safe(event.reason))
        }
    }
}

struct MachinesLogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what machines wrote, over their restarts.")

    @OptionGroup var target: MachineTargetOptions

    @Flag(name: .shortAndLong, help: "Go on and show what comes, until Ctrl-C.")
    var follow = false

    @Option(help: "Lines of each machine at first, 1 to \(MachineOrder.maxLines).")
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
        let key = try target.account.load()
        let machines = try await target.machines(client)
        let (follow, tail, json) = (follow, tail, target.node.data.json)
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
                            for line in lines { try Self.show(line, isOne ? nil : machine, json) }
                            after = max(after, lines.last?.at ?? 1)
                        } catch  where follow && after > 0 {
                            Terminal.note("note: \(machine.app)/\(machine.slot): \(error)")
                            try await Task.sleep(for: Self.pause)
                        }
                        count = MachineOrder.maxLines
                    } while follow && !Task.isCancelled
                }
            }
        }
    }

    private static func show(_ line: MachineOrderAnswer.Line, _ machine: MachineInfo?, _ json: Bool) throws {
        if json { return try Terminal.printJSON(line) }
        let place = machine.map { "\($0.app)/\($0.slot) " } ?? ""
        let mark = line.stream == "stderr" ? "! " : ""
        Terminal.print("\(Human.date(milliseconds: line.at / 1_000_000)) \(place)\(mark)\(Terminal.safe(line.text))")
    }
}
