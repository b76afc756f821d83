import Foundation
public import Machines
import Volumes

/// What a node that does not run has on its host outside of its folder, and what keeps the folder from being removed.
public struct NodeRemains: Sendable {
    /// What its machines left.
    public let machines: HostRemains
    private let folder: NodeFolder?

    /// Of nodes whose folders are gone. Needs root.
    public static func ofGoneNodes(on host: MachineHost) async -> [NodeRemains] {
        await HostRemains.ofGoneNodes(on: host).map { NodeRemains(machines: $0, folder: nil) }
    }

    /// Of the node in a folder. Needs root.
    ///
    /// - Throws: ``NodeError`` `.folderUnusable` while the node runs.
    public static func of(_ folder: NodeFolder, on host: MachineHost) async throws -> NodeRemains {
        if let run = folder.readRun() {
            throw NodeError(.folderUnusable, "The node in \(folder.path) runs (pid \(run.pid)); stop it first")
        }
        return NodeRemains(
            machines: try await HostRemains.ofNode(folder.containers, on: host), folder: folder)
    }

    private init(machines: HostRemains, folder: NodeFolder?) {
        self.machines = machines
        self.folder = folder
    }

    /// Ends and removes it. What is in the node's folder stays.
    ///
    /// - Throws: ``MachineError``, ``NodeError``: what stays, and why.
    public func remove(on host: MachineHost) async throws {
        try await machines.remove(on: host)
        guard let folder else { return }
        let mounted = VolumeStore.unmountAll(folder.volumes)
        guard mounted.isEmpty else {
            throw NodeError(
                .folderUnusable,
                "Volumes stay mounted, end whatever uses them: \(mounted.joined(separator: "; "))")
        }
    }
}
