import ArgumentParser

struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop the network's nodes; everything that they store stays.")

    @OptionGroup var data: DataOption

    private struct Report: Codable {
        var stopped: [Int]
    }

    func run() async throws {
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
