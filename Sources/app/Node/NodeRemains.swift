import Foundation
public import Functions
public import Machines
import Volumes

/// What a node that does not run has on its host outside of its folder, and what keeps the folder from being removed.
public struct NodeRemains: Sendable {
    /// What its machines left; nil where nothing says which node it was.
    public let machines: HostRemains?
    /// What its workers left.
    public let workers: WorkerRemains
    private let folder: NodeFolder?

    /// There is nothing of it.
    public var isEmpty: Bool { machines?.isEmpty != false && workers.isEmpty }

    /// Of nodes whose folders are gone, and of workers whose nodes do not run. Needs root.
    public static func ofGoneNodes(on host: MachineHost) async -> [NodeRemains] {
        let nodes = await HostRemains.ofGoneNodes(on: host).map {
            NodeRemains(machines: $0, workers: .none, folder: nil)
        }
        return nodes + [NodeRemains(machines: nil, workers: .ofGoneProcesses(), folder: nil)]
    }

    /// Of the node in a folder. Needs root.
    ///
    /// - Throws: ``NodeError`` `.folderUnusable` while the node runs.
    public static func of(_ folder: NodeFolder, on host: MachineHost) async throws -> NodeRemains {
        if let run = folder.readRun() {
            throw NodeError(.folderUnusable, "The node in \(folder.path) runs (pid \(run.pid)); stop it first")
        }
        return NodeRemains(
            machines: try await HostRemains.ofNode(folder.containers, on: host), workers: folder.workerRemains,
            folder: folder)
    }

    private init(machines: HostRemains?, workers: WorkerRemains, folder: NodeFolder?) {
        self.machines = machines
        self.workers = workers
        self.folder = folder
    }

    /// Ends and removes it. What is in the node's folder stays.
    ///
    /// - Throws: ``MachineError``, ``NodeError``: what stays, and why.
    public func remove(on host: MachineHost) async throws {
        workers.remove()
        // Where nothing says which node it was, nothing else is known.
        guard let machines else { return }
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
