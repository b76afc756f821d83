import ArgumentParser
import Foundation
import Machines
import Node

#if canImport(Glibc)
    import Glibc
#endif

extension NodeCommand {
    struct Clean: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove from this host what nodes left that do not run machines here any more.",
            discussion: """
                For its machines a node has network namespaces, links, rules and cgroups on its host. It removes them \
                when it stops, and what is left when it starts again. This is for nodes that were killed and do not \
                start again: without --data for those whose folders are gone, and with it for the nodes in that \
                folder, which must not run. Containers that go on there are ended. What is in nodes' folders stays. \
                Needs root.
                """)

        @Option(
            help: ArgumentHelp(
                "The folder of a network or of one node. Default: all nodes whose folders are gone.",
                valueName: "folder"), completion: .directory)
        var data: String?

        @Flag(help: "Only say what would go.")
        var dryRun = false

        @Flag(help: "Print JSON for scripts.")
        var json = false

        private struct Report: Encodable {
            /// The node's folder for containers; nil if nobody knows any more.
            var folder: String?
            var key: String
            var containers: [String]
            var namespaces: [String]
            var links: [String]
            var hasRules: Bool
            var cgroups: [String]

            init(_ remains: HostRemains) {
                folder = remains.folder
                key = remains.key
                containers = remains.containers.map(\.description)
                namespaces = remains.namespaces
                links = remains.links
                hasRules = remains.hasRules
                cgroups = remains.cgroups
            }
        }

        func run() async throws {
            guard geteuid() == 0 else {
                throw CommandError("Only root may remove what machines left; repeat the command as root")
            }
            let host = await MachineHost.inspect()
            let found = try await remains(host)
            for node in found where !dryRun { try await node.remove(on: host) }
            let left = found.map(\.machines).filter { !$0.isEmpty }
            if json { return try Terminal.printJSON(left.map(Report.init)) }
            if left.isEmpty {
                return Terminal.print(data == nil ? "nothing is left of nodes that are gone" : "nothing is left")
            }
            let verb = dryRun ? "would remove" : "removed"
            for remains in left {
                Terminal.print("\(remains.folder ?? "node \(remains.key)"): \(verb) \(remains.summary)")
            }
        }

        private func remains(_ host: MachineHost) async throws -> [NodeRemains] {
            guard let data else { return await NodeRemains.ofGoneNodes(on: host) }
            let path = URL(fileURLWithPath: data).standardizedFileURL.path
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            let folders = ([path] + names.sorted().map { "\(path)/\($0)" }).map { NodeFolder($0) }
                .filter { FileManager.default.fileExists(atPath: $0.configuration) }
            guard !folders.isEmpty else {
                throw CommandError(
                    "There is no node in \(path); leave --data out for what nodes left whose folders are gone")
            }
            var found: [NodeRemains] = []
            for folder in folders { found.append(try await NodeRemains.of(folder, on: host)) }
            return found
        }
    }
}
