import ArgumentParser
import Blake3
import Client
import ControlModel
import Foundation
import Identity
import Node
import Recordings
import Replay
import WorkerProtocol

/// `skerry replay`: runs a recorded invocation again and compares.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Run a recorded invocation again and compare what it does.",
        discussion: """
            The function gets the answers that it got when it was recorded, at the same times, and the same \
            randomness. Without --on-node this needs no node and no network: a worker on this machine runs it. A file \
            that is not what its node signed is refused. The command fails if anything differs.
            """)

    @Argument(help: "A file that `skerry functions record` wrote.", completion: .file())
    var file: String

    @Option(
        help: ArgumentHelp("The worker program. Default: the one beside skerry.", valueName: "file"),
        completion: .file())
    var worker: String?

    @Flag(help: "Let a node run it, the one that --node names.")
    var onNode = false

    @Option(help: ArgumentHelp("The id of the node that must have signed the recording.", valueName: "id"))
    var by: NodeID?

    @Flag(help: "Print the function's console lines on standard error.")
    var logs = false

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func run() async throws {
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw CommandError("Cannot read \(file); `skerry functions record` writes recordings")
        }
        let signed: SignedRecording
        do { signed = try SignedRecording(decoding: Array(bytes)) } catch {
            throw CommandError("\(file) is refused: \(Terminal.sentence(error))")
        }
        if let by, by != signed.node {
            throw CommandError("\(file) is refused: node \(signed.node) signed it, not \(by)")
        }
        let answer = try await onNode ? askNode(signed) : runHere(signed)
        if node.data.json {
            try Terminal.printJSON(answer)
        } else {
            show(answer, signed)
        }
        guard answer.isEqual else {
            throw CommandError("The replay differs: \(answer.difference ?? "its output is another one")")
        }
    }

    private func runHere(_ signed: SignedRecording) async throws -> ReplayAnswer {
        let showsLogs = logs
        let replayer = Replayer(workerPath: worker ?? SkerryNode.workerBesideThisExecutable())
        let report = try await replayer.replay(signed.recording) { _, line in
            if showsLogs { Terminal.note(Terminal.safe(line)) }
        }
        return ReplayAnswer(
            node: "", recordedBy: signed.node.description, isEqual: report.isEqual,
            difference: report.difference?.description, recordedOutputHash: report.recordedOutputHash.hex,
            outputHash: report.outputHash?.hex)
    }

    private func askNode(_ signed: SignedRecording) async throws -> ReplayAnswer {
        try await node.client(key: try account.load()).replay(signed)
    }

    private func show(_ answer: ReplayAnswer, _ signed: SignedRecording) {
        let recording = signed.recording
        Terminal.print("\(recording.app) \(recording.release), recorded by node \(answer.recordedBy)")
        if !answer.node.isEmpty { Terminal.print("replayed by node \(answer.node)") }
        Terminal.print(
            "\(recording.input.method) \(Terminal.safe(recording.input.url)), \(recording.calls.count) calls")
        Terminal.print("recorded  \(answer.recordedOutputHash)")
        Terminal.print("replayed  \(answer.outputHash ?? "–")")
        if answer.isEqual { Terminal.print("equal: calls and output are the same") }
    }
}
