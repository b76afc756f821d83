import ArgumentParser

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show every node's id, addresses, data folder, process and ledger.")

    @OptionGroup var data: DataOption

    func run() async throws {
        let report = await NetworkRunner(network: try data.network).report()
        if data.json { try Terminal.printJSON(report) } else { report.print() }
    }
}
