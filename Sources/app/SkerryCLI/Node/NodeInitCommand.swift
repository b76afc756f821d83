import ArgumentParser
import Identity
import Node

extension NodeCommand {
    struct Init: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a node's folder: its key and its configuration.",
            discussion: """
                The node is on no network yet: `skerry node join` brings it onto one, and makes the folder too if there is
                none. The key is the node: keep the folder, and let nobody copy it.
                """)

        @OptionGroup var setup: NodeSetup

        @Flag(help: "Print JSON for scripts.")
        var json = false

        private struct Report: Codable {
            var node: String
            var publicKey: String
            var data: String
            var gateway: String
            var peer: String
            var control: String
        }

        func run() async throws {
            let (key, configuration) = try setup.prepare()
            let report = Report(
                node: key.publicKey.node.description, publicKey: key.publicKey.description, data: setup.folder.path,
                gateway: configuration.gateway.description, peer: configuration.peer.description,
                control: configuration.control.description)
            if json { return try Terminal.printJSON(report) }
            Terminal.print("node        \(report.node)")
            Terminal.print("public key  \(report.publicKey)")
            Terminal.print("gateway     \(report.gateway)")
            Terminal.print("peer        \(report.peer)")
            Terminal.print("control     \(report.control)")
            Terminal.print("Join:       skerry node join --data \(setup.data) --bootstrap <URL> --genesis <id>")
        }
    }
}
