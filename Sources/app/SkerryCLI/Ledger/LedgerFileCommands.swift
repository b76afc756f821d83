import ArgumentParser
import Client
import Foundation
import Ledger
import Node

extension LedgerCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the whole ledger into a file, checking it on the way.",
            discussion: "It needs a node whose log still begins with the genesis.")

        @Option(name: .output, help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
        var out: String?

        @Argument(help: "The same, without -o.", completion: .file())
        var file: String?

        @OptionGroup var genesis: GenesisOption
        @OptionGroup var node: NodeOption

        func validate() throws {
            guard (out == nil) != (file == nil) else {
                throw ValidationError("Name one file to write: `skerry ledger export -o FILE`")
            }
        }

        func run() async throws {
            guard let file = out ?? file else { return }
            let client = try node.ledger(network: try genesis.resolve(node.data))
            let report = try await LedgerReplay(report: LedgerCommand.show).export(client, to: file)
            try LedgerCommand.print(report, json: node.data.json, to: file)
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turn an exported ledger into the log of a node, checking it on the way.",
            discussion: """
                The log appears beside the genesis in the folder, as a new node of that network needs them, and as one \
                needs them whose log was lost. A folder that has a log is left alone.
                """)

        @Argument(help: "A file that `skerry ledger export` wrote.", completion: .file())
        var file: String

        @Option(help: ArgumentHelp("The node's data folder.", valueName: "folder"), completion: .directory)
        var into: String

        @Option(
            help: ArgumentHelp(
                "The id of the network's genesis: another network's file is refused. Default: any.", valueName: "id"),
            transform: NetworkID.argument)
        var genesis: NetworkID?

        @Flag(help: "Print JSON for scripts.")
        var json = false

        func run() async throws {
            let folder = NodeFolder(URL(fileURLWithPath: into).standardizedFileURL.path)
            let found = try LedgerReplay.genesis(ofFile: file)
            let wanted = try genesis ?? (Import.hasGenesis(folder) ? folder.readGenesis().networkID : nil)
            if let wanted, wanted != found.networkID {
                throw CommandError("\(file) is a ledger of network \(found.networkID), not of \(wanted)")
            }
            try FileManager.default.createDirectory(
                atPath: folder.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let report = try await LedgerReplay(report: LedgerCommand.show).importing(file, into: folder.ledger)
            try found.bytes.write(to: URL(fileURLWithPath: folder.genesis), options: .atomic)
            try LedgerCommand.print(report, json: json, to: folder.ledger)
        }

        private static func hasGenesis(_ folder: NodeFolder) -> Bool {
            FileManager.default.fileExists(atPath: folder.genesis)
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Carry out every transaction since the genesis again, and check every signature, hash and state root.",
            discussion: "Of an exported file, or of a node whose log still begins with the genesis.")

        @Argument(help: "A file that `skerry ledger export` wrote. Default: a node's log.", completion: .file())
        var file: String?

        @OptionGroup var genesis: GenesisOption
        @OptionGroup var node: NodeOption

        func run() async throws {
            let replay = LedgerReplay(report: LedgerCommand.show)
            guard let file else {
                let report = try await replay.replay(try node.ledger(network: try genesis.resolve(node.data)))
                return try LedgerCommand.print(report, json: node.data.json)
            }
            if let wanted = genesis.genesis {
                let found = try LedgerReplay.genesis(ofFile: file).networkID
                guard found == wanted else {
                    throw CommandError("\(file) is a ledger of network \(found), not of \(wanted)")
                }
            }
            try LedgerCommand.print(try await replay.replay(file: file), json: node.data.json)
        }
    }

    @Sendable
    private static func show(_ progress: LedgerReplay.Progress) {
        let end = progress.head.map { " of \($0)" } ?? ""
        Terminal.progress("entry \(progress.sequence)\(end), \(progress.transactions) transactions")
    }

    private static func print(_ report: LedgerReplay.Report, json: Bool, to file: String? = nil) throws {
        if json { return try Terminal.printJSON(report) }
        Terminal.print("network       \(report.network) (\(report.networkName))")
        Terminal.print(
            "entries       \(report.entries), \(Human.bytes(report.bytes)), up to "
                + Human.date(milliseconds: report.timeMilliseconds))
        Terminal.print(
            "transactions  \(report.transactions): \(report.applied) applied, \(report.refused) refused")
        Terminal.print(
            String(
                format: "time          %.2f s, %.0f transactions/s", report.seconds, report.transactionsPerSecond))
        Terminal.print("hash          \(report.hash)")
        Terminal.print("state root    \(report.stateRoot)")
        Terminal.print("every signature, hash and state root is right")
        if let file { Terminal.print("written to    \(file)") }
    }
}
