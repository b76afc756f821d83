import ArgumentParser
import Blake3
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Recordings

struct FunctionsRecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record", abstract: "Call a function once and write down all that its answer follows from.",
        discussion: """
            The node runs the function in a fresh worker whose clock and randomness it drives, answers what the \
            function asks for, and signs the recording: code, variables, request, answers, output. Secrets are not set \
            in it. Only the function's owner may record. `skerry replay FILE` runs it again, anywhere.
            """)

    @Argument(help: "The function's name.", transform: AppName.argument)
    var name: AppName

    @Argument(help: "Path and query; what URLs cannot have is percent-encoded.", transform: AppRequest.path)
    var path = "/"

    @Option(help: "The HTTP method. Default: GET, or POST with --body.")
    var method: String?

    @Option(help: ArgumentHelp("A header; may be repeated.", valueName: "name: value"))
    var header: [String] = []

    @Option(help: ArgumentHelp("The body, or @file for a file's bytes, or @- for standard input.", valueName: "text"))
    var body: String?

    @Option(help: "The release. Default: the one that is live.")
    var release: ReleaseID?

    @Option(
        name: .output,
        help: ArgumentHelp("Where to write the recording. Default: NAME.skrec.", valueName: "file"),
        completion: .file())
    var output: String?

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    private struct Report: Encodable {
        var file: String
        var byteCount: Int
        var node: String
        var release: String
        var receipt: String
        var status: Int?
        var failure: String?
        var calls: [String]
        var codeHash: String
        var inputHash: String
        var transcriptHash: String
        var outputHash: String
    }

    func validate() throws {
        for line in header where !line.contains(":") {
            throw ValidationError("--header \"\(line)\" has no colon; write it as name: value")
        }
    }

    func run() async throws {
        let gateway = try await node.gateway()
        let port = gateway.split(separator: ":").last.flatMap { Int($0) } ?? 80
        let fields = header.map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return InvocationRequest.Field(
                name: parts[0].lowercased(),
                value: parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
        let invocation = InvocationRequest(
            release: release?.description, method: method ?? (body == nil ? "GET" : "POST"),
            url: "http://\(name).localhost:\(port)\(path)", headers: fields,
            body: try body.map(FunctionsInvokeCommand.bytes) ?? Data())
        let (file, receipt) = try await node.client(key: try account.load()).record(invocation, of: name)
        let place = output ?? "\(name).skrec"
        do { try Data(file.bytes).write(to: URL(fileURLWithPath: place), options: .atomic) } catch {
            throw CommandError("Cannot write \(place): \(SystemFailure.reason(error)); name another file with --output")
        }
        try report(file, receipt, place)
    }

    private func report(_ file: SignedRecording, _ receipt: String, _ place: String) throws {
        let recording = file.recording
        var report = Report(
            file: place, byteCount: file.bytes.count, node: file.node.description, release: recording.release,
            receipt: receipt, calls: recording.calls.map(\.name), codeHash: recording.codeHash.hex,
            inputHash: recording.inputHash.hex, transcriptHash: recording.transcriptHash.hex,
            outputHash: recording.outputHash.hex)
        switch recording.output {
        case .response(let status, _, _): report.status = Int(status)
        case .failure(let code, _): report.failure = code
        }
        if node.data.json { return try Terminal.printJSON(report) }
        Terminal.print("\(place): \(Human.bytes(file.bytes.count)), signed by node \(file.node.short)")
        Terminal.print("outcome     \(report.status.map { "status \($0)" } ?? report.failure ?? "")")
        Terminal.print("calls       \(recording.calls.count), \(recording.events.count) events")
        Terminal.print("input       \(report.inputHash)")
        Terminal.print("transcript  \(report.transcriptHash)")
        Terminal.print("output      \(report.outputHash)")
        Terminal.print("receipt     \(receipt)")
        Terminal.print("Run it again: skerry replay \(place)")
    }
}
