import ArgumentParser
import Blake3
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Node
import Recordings

/// `skerry receipts`: what nodes signed about invocations.
struct ReceiptsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipts", abstract: "Show and verify what nodes signed about invocations of functions.",
        discussion: """
            The header skerry-receipt of a function's answer holds the receipt's id. Every node finds those of all; a \
            node keeps its newest 16,384. --out keeps one in a file.
            """,
        subcommands: [Show.self, Verify.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a receipt.")

        @OptionGroup var source: ReceiptSource

        @Option(
            name: .output, help: ArgumentHelp("Write the receipt to a file too.", valueName: "file"),
            completion: .file())
        var out: String?

        @OptionGroup var node: NodeOption

        func run() async throws {
            let receipt = try await source.load(node)
            if let out {
                do { try Data(receipt.bytes).write(to: URL(fileURLWithPath: out), options: .atomic) } catch {
                    throw CommandError(
                        "Cannot write \(out): \(SystemFailure.reason(error)); name another file with --out")
                }
            }
            try ReceiptReport(receipt).print(json: node.data.json)
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a receipt's path and signature, and that its node is on the ledger.",
            discussion: """
                With --recording, the hashes must be those of the recording as well. To see that the output is right, \
                run the recording again with `skerry replay`.
                """)

        @OptionGroup var source: ReceiptSource

        @Option(help: ArgumentHelp("A recording of the same invocation.", valueName: "file"), completion: .file())
        var recording: String?

        @OptionGroup var genesis: GenesisOption
        @OptionGroup var node: NodeOption

        func run() async throws {
            let receipt = try await source.load(node)
            if let recording { try compare(receipt.receipt, recording) }
            var report = ReceiptReport(receipt)
            report.ledger = try await place(of: receipt.node)
            try report.print(json: node.data.json)
        }

        private func compare(_ receipt: Receipt, _ path: String) throws {
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw CommandError("Cannot read the recording \(path)")
            }
            let recording = try SignedRecording(decoding: Array(bytes)).recording
            let pairs = [
                ("release", receipt.release == recording.release),
                ("input", receipt.inputHash == recording.inputHash),
                ("transcript", receipt.transcriptHash == recording.transcriptHash),
                ("output", receipt.outputHash == recording.outputHash),
            ]
            if let (what, _) = pairs.first(where: { !$0.1 }) {
                throw CommandError("The receipt is of another invocation than \(path): the \(what) differs")
            }
        }

        /// How the ledger lists the node.
        private func place(of id: NodeID) async throws -> String {
            let network = try genesis.resolve(node.data)
            let client = try node.ledger(network: network)
            do {
                let row = try await LedgerVerifier(client: client, network: network).row(.node(id))
                guard row.value != nil else { throw Verify.unknown(id) }
                return "listed, proved up to entry \(row.checkpoint.sequence)"
            } catch let error as ClientError where error.code == .notCertified || error.code == .stale {
                // A young network has no certificate yet.
                guard try await client.node(id) != nil else { throw Verify.unknown(id) }
                return "listed, as the node says that was asked; no certificate proves it yet"
            }
        }

        private static func unknown(_ id: NodeID) -> CommandError {
            CommandError("The receipt is worth nothing here: its node \(id) is not on the ledger of this network")
        }
    }
}

/// A receipt by its id, or in a file.
struct ReceiptSource: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The receipt's id, or a file that holds it.", valueName: "id|file"), completion: .file())
    var receipt: String

    /// - Throws: If it cannot be had, or is not what its node signed.
    func load(_ node: NodeOption) async throws -> SignedReceipt {
        if FileManager.default.fileExists(atPath: receipt), let bytes = FileManager.default.contents(atPath: receipt) {
            do { return try SignedReceipt(decoding: Array(bytes)) } catch {
                throw CommandError("\(receipt) is refused: \(Terminal.sentence(error))")
            }
        }
        var failure: (any Error)?
        for client in try clients(node) {
            do { return try await client.receipt(receipt) } catch { failure = failure ?? error }
        }
        throw failure ?? CommandError("No node runs that could have the receipt \(receipt)")
    }

    /// The chosen node, or else all that run on this machine.
    private func clients(_ node: NodeOption) throws -> [NodeClient] {
        guard node.node == nil, node.data.nodeFolder == nil, LocalNetwork.exists(node.data.path) else {
            return [try node.client()]
        }
        return try node.data.network.nodes.compactMap { $0.folder.readRun()?.control }.map { NodeClient(control: $0) }
    }
}

/// What a receipt says.
private struct ReceiptReport: Encodable {
    let id: String
    let node: String
    let app: String
    let release: String
    let status: Int
    let inputHash: String
    let inputIsHeadOnly: Bool
    let transcriptHash: String?
    let outputHash: String
    let outputIsBroken: Bool
    let wallMicroseconds: UInt64
    let epoch: UInt64
    let timeMilliseconds: UInt64
    let place: Int
    let batchCount: Int
    var ledger: String?

    init(_ signed: SignedReceipt) {
        let receipt = signed.receipt
        id = receipt.id
        node = signed.node.description
        app = receipt.app
        release = receipt.release
        status = Int(receipt.status)
        inputHash = receipt.inputHash.hex
        inputIsHeadOnly = receipt.isInputHeadOnly
        transcriptHash = receipt.transcriptHash?.hex
        outputHash = receipt.outputHash.hex
        outputIsBroken = receipt.isOutputBroken
        wallMicroseconds = receipt.wallMicroseconds
        epoch = receipt.epoch
        timeMilliseconds = receipt.timeMilliseconds
        place = signed.place
        batchCount = signed.batchCount
    }

    func print(json: Bool) throws {
        if json { return try Terminal.printJSON(self) }
        let date = Date(timeIntervalSince1970: Double(timeMilliseconds) / 1_000)
        Terminal.print("receipt     \(Terminal.safe(id)), \(place + 1) of \(batchCount) under one signature")
        Terminal.print("node        \(node)\(ledger.map { " (\($0))" } ?? "")")
        Terminal.print("release     \(Terminal.safe(app)) \(Terminal.safe(release))")
        Terminal.print("time        \(date.formatted(.iso8601)), epoch \(epoch), \(wallMicroseconds) µs to the head")
        Terminal.print("outcome     \(status == 0 ? "no answer" : "status \(status)")")
        Terminal.print("input       \(inputHash)\(inputIsHeadOnly ? " (without the body)" : "")")
        Terminal.print("transcript  \(transcriptHash ?? "not recorded")")
        Terminal.print("output      \(outputHash)\(outputIsBroken ? " (the body broke off)" : "")")
        if ledger != nil { Terminal.print("valid: path, signature and node are right") }
    }
}
