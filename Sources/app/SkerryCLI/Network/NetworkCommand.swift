import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity
import Ledger

struct NetworkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "The network's nodes, epochs and parameters, and what it begins with.",
        subcommands: [Nodes.self, Epochs.self, Parameters.self, GenesisCommand.self])

    struct Nodes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all nodes with their stake and participation.")

        @OptionGroup var node: NodeOption

        func run() async throws {
            let nodes = try await node.ledger().nodes()
            if node.data.json { return try Terminal.printJSON(nodes) }
            var rows = [["NODE", "PEER", "STAKE", "TAKES PART", "COMMITTEE", "REPUTATION", "OPERATOR"]]
            for node in nodes {
                rows.append([
                    String(node.id.prefix(16)), node.peer, "\(node.stake)", node.participation,
                    node.inCommittee ? "yes" : "no", String(format: "%.2f", node.reputation),
                    String(node.operatorAccount.prefix(16)),
                ])
            }
            for line in Human.table(rows) { Terminal.print(line) }
        }
    }

    struct Epochs: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the present epoch: its phase, its beacon, and who signs checkpoints.")

        @OptionGroup var node: NodeOption

        func run() async throws {
            let epoch = try await node.ledger().epoch()
            if node.data.json { return try Terminal.printJSON(epoch) }
            let length = Human.time(milliseconds: epoch.lengthMilliseconds)
            let restarts = epoch.round > 0 ? ", restarted \(epoch.round) times" : ""
            Terminal.print("epoch       \(epoch.number), phase \(epoch.phase)\(restarts)")
            Terminal.print("began       \(Human.date(milliseconds: epoch.roundStartMilliseconds)), lasts \(length)")
            Terminal.print("seed        \(epoch.seed)")
            Terminal.print("beacon      \(epoch.committed.count) committed, \(epoch.revealed.count) revealed")
            Terminal.print("certified   \(epoch.certified?.summary ?? "nothing yet")")
            Epochs.print("committee", epoch.committee, hash: epoch.committeeHash)
            if let pending = epoch.pendingCommittee {
                Epochs.print("next one", pending, hash: epoch.pendingCommitteeHash ?? "")
            }
        }

        private static func print(_ what: String, _ members: [EpochInfo.Member], hash: String) {
            let title = what.padding(toLength: 11, withPad: " ", startingAt: 0)
            Terminal.print("\(title) \(members.count) nodes, \(hash)")
            for member in members { Terminal.print("  \(member.node)  weight \(member.weight)") }
        }
    }

    struct Parameters: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "params", abstract: "List the network's parameters, or change them as a governor.",
            subcommands: [List.self, Set.self, Allow.self, Disallow.self], defaultSubcommand: List.self)
    }
}

extension NetworkCommand.Parameters {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the network's parameters and who may change them.")

        @OptionGroup var node: NodeOption

        func run() async throws {
            let list = try await node.ledger().parameters()
            if node.data.json { return try Terminal.printJSON(list) }
            Terminal.print(
                "network    \(list.network) (\(list.networkName)\(list.isDevelopment ? ", development" : ""))")
            Terminal.print("supply     \(Units.text(list.supply)), \(list.treasury) of them in the treasury")
            for governor in list.governors { Terminal.print("governor   \(governor)") }
            for sequencer in list.sequencers { Terminal.print("sequencer  \(sequencer)") }
            Terminal.print("")
            let rows = list.parameters.map { [$0.name, "\($0.value)"] }
            for line in Human.table([["PARAMETER", "VALUE"]] + rows) { Terminal.print(line) }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a parameter: governors only.",
            discussion: "Switches are 0 or 1; the door is 1 (open), 2 (allowlist) or 3 (attested).")

        @Argument(help: "The parameter's name, as `skerry network params` lists it.")
        var name: String

        @Argument(help: "Its new value.")
        var value: UInt64

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let change = ParameterChange.value(name: name, value)
            try await NetworkCommand.change(change, "\(name) is \(value)", node, account)
        }
    }

    struct Allow: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let an account's nodes, or one node, in by the allowlist: governors only.")

        @Argument(help: "The account's or the node's id: 64 hexadecimal digits.")
        var id: NodeID

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            try await NetworkCommand.change(.member(id.digest, isAllowed: true), "\(id) may come in", node, account)
        }
    }

    struct Disallow: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an account or a node off the allowlist: governors only. Nodes that came in stay.")

        @Argument(help: "The account's or the node's id: 64 hexadecimal digits.")
        var id: NodeID

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let change = ParameterChange.member(id.digest, isAllowed: false)
            try await NetworkCommand.change(change, "\(id) may not come in any more", node, account)
        }
    }
}

extension NetworkCommand {
    private struct ChangeReport: Codable {
        var sequence: UInt64
    }

    fileprivate static func change(
        _ change: ParameterChange, _ done: String, _ node: NodeOption, _ account: AccountOption
    ) async throws {
        let key = try account.load()
        let receipt = try await node.ledger(key: key).submit(.changeParameter(change), key: key)
        if node.data.json { return try Terminal.printJSON(ChangeReport(sequence: receipt.sequence)) }
        Terminal.print("\(done) from entry \(receipt.sequence) on")
    }
}

extension LedgerNodeInfo {
    /// Since when the node takes part, for people.
    var participation: String {
        if participating { return participatingSinceEpoch.map { "since epoch \($0)" } ?? "yes" }
        return barredUntilEpoch.map { "barred until epoch \($0)" } ?? "no"
    }
}
