import ArgumentParser
import Client
import ControlModel
import Foundation
import Ledger

struct MachinesListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show all apps with machines, and the nodes with room for them.")

    @OptionGroup var node: NodeOption

    func run() async throws {
        let list = try await node.client().machines()
        if node.data.json { return try Terminal.printJSON(list) }
        let rows = list.apps.map { app -> [String] in
            let healthy = app.machines.count { $0.state == "healthy" }
            let asleep = app.machines.count { $0.state == "asleep" }
            let scale =
                app.minReplicas == app.maxReplicas ? "\(app.maxReplicas)" : "\(app.minReplicas)…\(app.maxReplicas)"
            let state = "\(healthy) healthy" + (asleep > 0 ? ", \(asleep) asleep" : "")
            let release = app.target == app.live ? app.live : "\(app.live) (reverted)"
            return [app.app, scale, state, app.size, release, Terminal.safe(app.image)]
        }
        for line in Human.table([["APP", "COPIES", "STATE", "SIZE", "RELEASE", "IMAGE"]] + rows) {
            Terminal.print(line)
        }
        guard !list.hosts.isEmpty else {
            return Terminal.note("note: no node offers room for machines; `skerry doctor` says what a host lacks")
        }
        Terminal.print("")
        let hosts = list.hosts.map { host in
            [
                String(host.node.prefix(8)), "\(Double(host.cpuMillis) / 1_000) cores",
                Human.bytes(Int(clamping: host.memoryBytes)), host.isAlive ? "" : "does not answer",
            ]
        }
        for line in Human.table([["NODE", "CPU", "MEMORY", ""]] + hosts) { Terminal.print(line) }
    }
}

struct MachinesStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show an app's machines: where they are and how they do.")

    @Argument(help: "The app's name.", transform: AppName.argument)
    var app: AppName

    @Flag(help: "Show what happened to them too; only for the app's owner.")
    var events = false

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func run() async throws {
        let client = try node.client()
        guard let known = try await client.machines().apps.first(where: { $0.app == app.description }) else {
            throw CommandError("\(app) has no machines; `skerry machines list` shows those that there are")
        }
        if node.data.json { return try await printJSON(known, client) }
        Terminal.print("app      \(known.app)")
        Terminal.print("image    \(Terminal.safe(known.image))")
        let least = known.minReplicas == known.maxReplicas ? "" : "\(known.minReplicas) to "
        let copies = known.maxReplicas == 1 ? "1 copy" : "\(known.maxReplicas) copies"
        Terminal.print("size     \(known.size), \(least)\(copies)")
        Terminal.print("release  \(release(known))")
        if let trial = known.trial { Terminal.print("trial    \(MachinesStatusCommand.text(trial))") }
        if !known.hasHealthCheck {
            Terminal.print(
                "health   no check: it counts as good when its first port is open, or its process runs if it has none")
        }
        for line in MachinesStatusCommand.gates(known.gates ?? []) { Terminal.print(line) }
        Terminal.print("")
        for line in Human.table(
            [["SLOT", "NODE", "STATE", "RELEASE", "UP", "RESTARTS", "MEMORY", ""]] + known.machines.map { row($0) }
                + (known.previews ?? []).map { row($0, slot: "preview") })
        {
            Terminal.print(line)
        }
        guard events else { return }
        let key = try account.load()
        for machine in known.machines where machine.node != nil {
            Terminal.print("")
            Terminal.print("slot \(machine.slot)")
            MachinesEventsCommand.show(try await MachinesEventsCommand.events(of: machine, client, key))
        }
    }

    /// What `--json` prints: the app, and with `--events` what happened to its machines.
    private struct Report: Encodable {
        var app: MachineAppInfo
        var events: [MachineEventRow]?

        private enum CodingKeys: String, CodingKey { case events }

        func encode(to encoder: any Encoder) throws {
            try app.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(events, forKey: .events)
        }
    }

    private func printJSON(_ app: MachineAppInfo, _ client: NodeClient) async throws {
        var report = Report(app: app)
        if events {
            let key = try account.load()
            var rows: [MachineEventRow] = []
            for machine in app.machines {
                rows += try await MachinesEventsCommand.events(of: machine, client, key).map {
                    MachineEventRow(machine, $0)
                }
            }
            report.events = rows
        }
        try Terminal.printJSON(report)
    }

    /// Where each port is reached, a line for each node.
    private static func gates(_ gates: [MachineGateInfo]) -> [String] {
        gates.map { gate in
            let node = "node \(gate.node.prefix(8))"
            let reason = gate.reason.isEmpty ? "" : ": \(Terminal.safe(gate.reason))"
            guard let number = gate.number else {
                return "tcp      \(gate.port) is not reached at \(node)\(reason.isEmpty ? " yet" : reason)"
            }
            let host = gate.host.map { $0.contains(":") ? "[\($0)]" : $0 } ?? "?"
            return "tcp      \(gate.port) at \(host):\(number), \(node)\(reason)"
        }
    }

    private static func text(_ trial: MachineTrialInfo) -> String {
        let share = "\(trial.release) for \(trial.percent)% of the visitors"
        if trial.slots.isEmpty { return "\(share), but there is no copy for it" }
        if trial.target != trial.release { return "\(share) did not become healthy" }
        return "\(share), in \(trial.slots.count == 1 ? "slot" : "slots") "
            + trial.slots.map { "\($0)" }.joined(separator: ", ")
    }

    private func release(_ app: MachineAppInfo) -> String {
        guard let target = app.target else { return "\(app.live), which did not become healthy" }
        if target != app.live { return "\(app.live) did not become healthy; \(target) serves" }
        return app.isSettled ? target : "\(target), being rolled out"
    }

    private func row(_ machine: MachineInfo, slot: String? = nil) -> [String] {
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let time = machine.startedMilliseconds.map { Human.seconds(.milliseconds(max(0, now - $0))) } ?? "-"
        let memory =
            machine.memoryLimitBytes == 0
            ? "-"
            : "\(Human.bytes(Int(clamping: machine.memoryBytes))) of \(Human.bytes(Int(clamping: machine.memoryLimitBytes)))"
        return [
            slot ?? "\(machine.slot)", machine.node.map { String($0.prefix(8)) } ?? "-", machine.state,
            machine.release, time,
            "\(machine.restarts)", memory, Terminal.safe(machine.reason),
        ]
    }
}

struct MachinesTopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Show what machines use, again and again until Ctrl-C.",
        discussion: "With --json a list a line.")

    @Option(help: ArgumentHelp("Seconds between two looks, 1 and more.", valueName: "seconds"))
    var interval = 2

    @Flag(help: "Look once.")
    var once = false

    @OptionGroup var node: NodeOption

    func validate() throws {
        guard interval >= 1 else { throw ValidationError("--interval must be 1 or more") }
    }

    func run() async throws {
        let client = try node.client()
        while true {
            let machines = try await client.machines().apps.flatMap(\.machines)
            if node.data.json {
                try Terminal.printJSONLine(machines)
            } else {
                if Terminal.hasColours, !once { Terminal.write("\u{1B}[H\u{1B}[2J", to: 1) }
                let rows = machines.sorted { $0.cpuMillis > $1.cpuMillis }.map { machine in
                    [
                        "\(machine.app)/\(machine.slot)", machine.node.map { String($0.prefix(8)) } ?? "-",
                        machine.state,
                        "\(machine.cpuMillis / 10) %", Human.bytes(Int(clamping: machine.memoryBytes)),
                        Human.bytes(Int(clamping: machine.memoryLimitBytes)), "\(machine.restarts)",
                    ]
                }
                for line in Human.table([["MACHINE", "NODE", "STATE", "CPU", "MEMORY", "LIMIT", "RESTARTS"]] + rows) {
                    Terminal.print(line)
                }
            }
            if once { return }
            try await Task.sleep(for: .seconds(interval))
        }
    }
}
