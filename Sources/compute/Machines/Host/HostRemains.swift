import Cgroups
import Foundation
import Glibc

/// What a node that does not run has on its host outside of its folder: containers, namespaces, links, rules, cgroups.
///
/// A node that starts again finds and removes its own. This is for those that do not: their folder is gone, or they were
/// killed and shall leave nothing behind.
public struct HostRemains: Sendable, Hashable {
    let names: HostNames
    /// The node's folder for containers; nil if no claim says which it was.
    public let folder: String?
    /// Containers that the runtime knows.
    public private(set) var containers: [MachineID] = []
    /// Network namespaces, and the user namespaces that they belong to.
    public private(set) var namespaces: [String] = []
    /// The host's ends of links.
    public private(set) var links: [String] = []
    /// Whether there is a table of rules.
    public private(set) var hasRules = false
    /// Cgroups of all hierarchies, the outermost only.
    public private(set) var cgroups: [String] = []
    /// The part of the state folder; nil if it is not there.
    private var state: String?
    /// The claim of a block of addresses; nil if there is none.
    private var claim: String?

    /// The node's key, which is in all names.
    public var key: String { names.key }

    /// There is nothing of it.
    public var isEmpty: Bool {
        containers.isEmpty && namespaces.isEmpty && links.isEmpty && !hasRules && cgroups.isEmpty && state == nil
    }

    /// What there is, for people: `2 containers, 8 namespaces, 3 links, rules`.
    public var summary: String {
        func count(_ number: Int, _ what: String) -> String? {
            number == 0 ? nil : "\(number) \(what)\(number == 1 ? "" : "s")"
        }
        let parts = [
            count(containers.count, "container"), count(namespaces.count, "namespace"), count(links.count, "link"),
            hasRules ? "rules" : nil, count(cgroups.count, "cgroup"),
        ].compactMap { $0 }
        return parts.isEmpty ? "a folder in \(state ?? "")" : parts.joined(separator: ", ")
    }

    // MARK: Finding

    /// Of nodes that do not run and whose folders are gone, by their keys. Needs root.
    public static func ofGoneNodes(on host: MachineHost) async -> [HostRemains] {
        // Others do not see the claims.
        guard geteuid() == 0 else { return [] }
        let tables = await tables(of: host)
        var claims: [HostNames: [String]] = [:]
        for name in ControlFile.names(in: host.settings.claims) {
            let path = "\(host.settings.claims)/\(name)"
            guard let folder = ControlFile.read(path), !folder.isEmpty else { continue }
            claims[HostNames(folder: folder), default: []].append(path)
        }
        var owners = Set(ControlFile.names(in: NetworkLease.folder).compactMap { HostNames(namespace: $0) })
        owners.formUnion(ControlFile.names(in: "/sys/class/net").compactMap { HostNames(link: $0) })
        owners.formUnion(tables)
        owners.formUnion(ControlFile.names(in: host.settings.stateFolder).compactMap { HostNames(key: $0) })
        for root in host.cgroupRoots {
            owners.formUnion(
                ControlFile.names(in: "\(root)/\(HostNames.cgroups)").compactMap { HostNames(key: $0) })
        }
        return owners.sorted { $0.key < $1.key }.compactMap { names in
            let paths = claims[names] ?? []
            guard paths.allSatisfy(NetworkBlock.isGone) else { return nil }
            let remains = HostRemains(
                names, on: host, folder: paths.first.flatMap(ControlFile.read), paths.first, tables)
            return remains.isEmpty ? nil : remains
        }
    }

    /// Of the node whose folder for containers is `folder`. Needs root.
    ///
    /// - Throws: ``MachineError`` `.wrongState` while the node runs.
    public static func ofNode(_ folder: String, on host: MachineHost) async throws(MachineError) -> HostRemains {
        let path = realpath(folder, nil)
        defer { free(path) }
        let folder = path.map { String(cString: $0) } ?? folder
        let claim = ControlFile.names(in: host.settings.claims).map { "\(host.settings.claims)/\($0)" }
            .first { ControlFile.read($0) == folder }
        if let claim, NetworkBlock.isHeld(claim) {
            throw MachineError(.wrongState, "the node of \(folder) runs; stop it first")
        }
        return HostRemains(HostNames(folder: folder), on: host, folder: folder, claim, await tables(of: host))
    }

    private init(
        _ names: HostNames, on host: MachineHost, folder: String?, _ claim: String?, _ tables: Set<HostNames>
    ) {
        self.names = names
        self.folder = folder
        self.claim = claim
        let state = host.settings.stateFolder(of: names)
        self.state = access(state, F_OK) == 0 ? state : nil
        containers = ControlFile.names(in: "\(state)/\(MachineHost.runtimeName)").compactMap { MachineID($0) }.sorted()
        namespaces = ControlFile.names(in: NetworkLease.folder).filter { HostNames(namespace: $0) == names }.sorted()
        links = ControlFile.names(in: "/sys/class/net").filter { HostNames(link: $0) == names }.sorted()
        hasRules = tables.contains(names)
        cgroups = host.cgroupRoots.map { "\($0)/\(names.cgroup)" }.filter { access($0, F_OK) == 0 }
    }

    /// Whose tables nftables has.
    private static func tables(of host: MachineHost) async -> Set<HostNames> {
        guard case .nft(let nft) = host.firewall, let result = try? await Tool.run([nft, "list", "tables"]),
            result.isSuccess
        else { return [] }
        return Set(result.output.split { $0 == " " || $0 == "\n" }.compactMap { HostNames(table: $0) })
    }

    // MARK: Removing

    /// How long processes may take to end that were killed.
    private static let patience = Duration.seconds(5)
    private static let pause = Duration.milliseconds(20)
    /// Cgroups within cgroups.
    private static let maxDepth = 8

    /// Ends and removes all of it: containers first, then who held them, then the rest.
    ///
    /// - Throws: ``MachineError`` `.hostUnable` if something stays, with what.
    public func remove(on host: MachineHost) async throws(MachineError) {
        if let found = host.runtime, let state {
            let runtime = RuntimeDriver(
                kind: found.kind, path: found.path, root: "\(state)/\(MachineHost.runtimeName)")
            // What the runtime does not manage, the end of its processes and of its cgroups does.
            for id in containers { try? await runtime.remove(id) }
        }
        await endProcesses()
        for cgroup in cgroups { for path in Self.tree(cgroup) { rmdir(path) } }
        let commands = links.map { "link delete \($0)" } + namespaces.map { "netns delete \($0)" }
        if !commands.isEmpty {
            _ = try await Tool.run([host.ip, "-force", "-batch", "-"], input: commands.joined(separator: "\n") + "\n")
        }
        if case .nft(let nft) = host.firewall, hasRules {
            _ = try await Tool.run([nft, "delete", "table", "inet", names.table])
        }
        if let state { try? FileManager.default.removeItem(atPath: state) }
        if let claim, !NetworkBlock.isHeld(claim) { unlink(claim) }
        let rest = HostRemains(names, on: host, folder: folder, nil, await Self.tables(of: host))
        guard rest.isEmpty else {
            throw MachineError(
                .hostUnable, "of node \(folder ?? key) there stay: \(rest.summary); whatever uses them has to end first"
            )
        }
    }

    /// Kills what is in the cgroups, and waits until nothing is.
    private func endProcesses() async {
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            var isEmpty = true
            for path in cgroups.flatMap(Self.tree) {
                for pid in Self.processes(in: path) {
                    isEmpty = false
                    // Its number may be another process's by now: that one is not in this cgroup.
                    guard let process = ChildProcess(adopting: pid), Self.processes(in: path).contains(pid) else {
                        continue
                    }
                    process.send(SIGKILL)
                }
            }
            if isEmpty { return }
            try? await Task.sleep(for: Self.pause)
        }
    }

    private static func processes(in cgroup: String) -> [pid_t] {
        ControlFile.words("\(cgroup)/cgroup.procs").compactMap { pid_t($0) }.filter { $0 > 0 && $0 != getpid() }
    }

    /// A cgroup and all in it, the innermost first.
    private static func tree(_ path: String) -> [String] { tree(path, depth: 0) }

    private static func tree(_ path: String, depth: Int) -> [String] {
        guard depth < maxDepth else { return [path] }
        return ControlFile.folders(in: path).flatMap { tree("\(path)/\($0)", depth: depth + 1) } + [path]
    }
}
