import ArgumentParser
import Foundation
import Functions
import Machines
import Node

#if canImport(Glibc)
    import Glibc
#endif

extension NodeCommand {
    struct Clean: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove from this host what nodes left that do not run here any more.",
            discussion: """
                A node has cgroups on its host, and for machines network namespaces, links and rules. It removes them \
                when it stops, and what is left when it starts again. This is for nodes that were killed and do not \
                start again: without --data for those whose folders are gone, and with it for the nodes in that \
                folder, which must not run. Cgroups of workers go without --data as soon as their node does not run. \
                Containers that go on there are ended. What is in nodes' folders stays. Needs root.
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
            /// What the names of the rest have in them; nil for workers of nodes that nothing names.
            var key: String?
            var containers: [String]
            var namespaces: [String]
            var links: [String]
            var hasRules: Bool
            var cgroups: [String]
            /// Cgroups of workers.
            var workers: [String]

            init(_ remains: NodeRemains, workers: [String]) {
                folder = remains.machines?.folder
                key = remains.machines?.key
                containers = remains.machines?.containers.map(\.description) ?? []
                namespaces = remains.machines?.namespaces ?? []
                links = remains.machines?.links ?? []
                hasRules = remains.machines?.hasRules ?? false
                cgroups = remains.machines?.cgroups ?? []
                self.workers = workers
            }
        }

        func run() async throws {
            guard geteuid() == 0 else {
                throw CommandError("Only root may remove what nodes left; repeat the command as root")
            }
            let host = await MachineHost.inspect()
            let found = try await remains(host)
            for node in found where !dryRun { try await node.remove(on: host) }
            let left = found.filter { !$0.isEmpty }
            if json { return try Terminal.printJSON(left.map { Report($0, workers: gone($0)) }) }
            if left.isEmpty {
                return Terminal.print(data == nil ? "nothing is left of nodes that are gone" : "nothing is left")
            }
            let verb = dryRun ? "would remove" : "removed"
            for remains in left {
                if let machines = remains.machines, !machines.isEmpty {
                    Terminal.print("\(machines.folder ?? "node \(machines.key)"): \(verb) \(machines.summary)")
                }
                let workers = gone(remains).count
                if workers > 0 {
                    let whose = remains.machines?.folder ?? "workers of nodes that do not run"
                    Terminal.print("\(whose): \(verb) \(Human.count(workers, "cgroup"))")
                }
            }
        }

        /// Cgroups of workers that went, or would: one that a process joined since it was found stays.
        private func gone(_ remains: NodeRemains) -> [String] {
            remains.workers.cgroups.filter { dryRun || !FileManager.default.fileExists(atPath: $0) }
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
