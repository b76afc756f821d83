import ArgumentParser
import Foundation

struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop the network's nodes and etcd members; everything that they store stays.")

    @OptionGroup var data: DataOption

    @Flag(help: ArgumentHelp("Wait until standard input ends, then stop.", visibility: .private))
    var whenOrphaned = false

    private struct Report: Codable {
        var stopped: [Int]
    }

    func run() async throws {
        if whenOrphaned { while try FileHandle.standardInput.read(upToCount: 1)?.isEmpty == false {} }
        let stopped = try await NetworkRunner(network: try data.network).stop()
        if data.json {
            try Terminal.printJSON(Report(stopped: stopped))
        } else if stopped.isEmpty {
            Terminal.print("no node was running")
        } else {
            Terminal.print(
                "stopped \(stopped.count == 1 ? "node" : "nodes") \(stopped.map(String.init).joined(separator: ", "))")
        }
    }
}
