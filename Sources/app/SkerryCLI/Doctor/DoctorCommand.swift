import ArgumentParser
import Foundation
import Node

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what this machine lacks for a node, for confining functions, and for running containers.",
        discussion: """
            Starts one worker as a node would, and shows which layers of isolation it got, and why others are missing. \
            Run it as the node will run: as the same user, and in the same service. Ends with 0 when a node can run, \
            and with 1 when something necessary is missing.
            """)

    @Option(
        help: ArgumentHelp(
            "A node's folder, existing or not yet, whose disk is looked at. Default: no disk.", valueName: "folder"),
        completion: .directory)
    var data: String?

    @Option(
        help: ArgumentHelp("The skerry-worker program. Default: the one beside this program.", valueName: "file"),
        completion: .file())
    var worker: String?

    @Flag(help: "Print JSON for scripts.")
    var json = false

    func run() async throws {
        var report = DoctorReport()
        HostChecks.kernel(&report)
        HostChecks.worker(worker ?? SkerryNode.workerBesideThisExecutable(), &report)
        await HostChecks.tools(&report)
        await MachineChecks.host(&report)
        HostChecks.openFiles(&report)
        HostChecks.clock(&report)
        if let data { HostChecks.disk(existing(data), &report) }
        if json {
            try Terminal.printJSON(report)
        } else {
            for line in report.lines { Terminal.print(line) }
        }
        if !report.canRun { throw ExitCode(1) }
    }

    /// The folder, or the nearest one above it that is there already.
    private func existing(_ path: String) -> String {
        var url = URL(fileURLWithPath: path).standardizedFileURL
        while url.path != "/", !FileManager.default.fileExists(atPath: url.path) { url.deleteLastPathComponent() }
        return url.path
    }
}
