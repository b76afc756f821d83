import CLinux
import Foundation
import Functions
import Identity
public import Ledger

#if canImport(Glibc)
    import Glibc
#endif

/// A node's data folder: key, genesis, configuration, ledger, blobs and the note of the running process.
public struct NodeFolder: Sendable {
    /// The folder's path.
    public let path: String

    public init(_ path: String) { self.path = path }

    /// The node's private key, mode 0600.
    public var key: String { path + "/key" }
    /// The network's genesis, byte for byte.
    public var genesis: String { path + "/genesis" }
    /// ``NodeConfiguration`` in JSON.
    public var configuration: String { path + "/node.json" }
    /// The ledger's log.
    public var ledger: String { path + "/ledger.sqlite" }
    /// The snapshot with which a node that joined begins; it moves into the blob store at the first start.
    public var ledgerBase: String { path + "/ledger-base" }
    /// The blob store.
    public var blobs: String { path + "/blobs" }
    /// What functions wrote, by owner and app.
    public var functionLogs: String { path + "/function-logs" }
    /// Values of the apps that this node is a home of.
    public var keyValues: String { path + "/kv.sqlite" }
    /// Which answers of origins are stored.
    public var edgeCache: String { path + "/edge-cache.sqlite" }
    /// Secrets of the apps that the node serves, sealed to its key.
    public var secrets: String { path + "/secrets" }
    /// Receipts of functions' invocations.
    public var receipts: String { path + "/receipts" }
    /// What clients acknowledged, and how far settlements were hashed again.
    public var payments: String { path + "/payments" }
    /// Orders to roll back, by app.
    public var rollouts: String { path + "/rollouts" }
    /// Machines: their list, volumes, images and containers.
    public var machines: String { path + "/machines" }
    /// Of ``machines``: what runs.
    var containers: String { machines + "/containers" }
    /// Of ``machines``: what outlives what runs.
    var volumes: String { MachineHome.volumes(in: machines) }
    /// The self-signed certificate for local names.
    public var localCertificate: String { path + "/local-tls.pem" }
    /// Its key, mode 0600.
    public var localKey: String { path + "/local-tls-key.pem" }
    /// Certificates with their keys, encrypted with a key that comes from the node's.
    public var certificates: String { path + "/certificates" }
    /// Which custom domains' proofs the node has seen, in JSON.
    public var domains: String { path + "/domains.json" }
    /// ``NodeRun`` of the process that runs, or ran last, in JSON.
    public var run: String { path + "/run.json" }
    /// Standard error of a node that runs in the background.
    public var log: String { path + "/node.log" }

    /// Takes the folder for this process until it ends; the kernel lets go even after SIGKILL.
    ///
    /// - Throws: ``NodeError`` if another process has it or it cannot be written.
    func lock() throws -> Int32 {
        let descriptor = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let code = errno
            let reason = String(cString: strerror(code))
            let advice =
                switch code {
                case ENOENT: "`skerry node join --data \(path) …` makes it and brings the node onto a network"
                case EROFS: "remount the disk writable; if nobody made it read-only, the kernel's log says why"
                case ENOSPC, EDQUOT: "free room on its disk"
                default: "it must be the user's that runs the node"
                }
            throw NodeError(.folderUnusable, "Cannot write to the data folder \(path): \(reason); \(advice)")
        }
        guard skerry_flock_exclusive(descriptor) == 0 else {
            close(descriptor)
            throw NodeError(
                .folderUnusable, "Another node runs in \(path); stop it first (`skerry down`), or use another folder")
        }
        return descriptor
    }

    /// Reads the genesis.
    public func readGenesis() throws -> Genesis {
        guard let bytes = FileManager.default.contents(atPath: genesis) else {
            throw NodeError(
                .badConfiguration,
                "There is no genesis at \(genesis); bring the node onto a network with `skerry node join`, or give it a new "
                    + "network's with `skerry node init --genesis-file`")
        }
        do { return try Genesis(decoding: bytes) } catch {
            throw NodeError(
                .badConfiguration,
                "The genesis \(genesis) is damaged, or another version's (\(error.message)); copy it from another node of the "
                    + "network: all have the same")
        }
    }

    /// Reads the configuration.
    public func readConfiguration() throws -> NodeConfiguration {
        guard let bytes = FileManager.default.contents(atPath: configuration) else {
            throw NodeError(
                .badConfiguration, "There is no configuration at \(configuration); make it with `skerry node init`")
        }
        let read: NodeConfiguration
        do {
            read = try JSONDecoder().decode(NodeConfiguration.self, from: bytes)
        } catch {
            let reason = (error as? DecodingError)?.explanation ?? "\(error)"
            throw NodeError(.badConfiguration, "The configuration \(configuration) is malformed: \(reason)")
        }
        if let fault = UnknownKeys.fault(in: bytes, as: read) ?? read.fault {
            throw NodeError(.badConfiguration, "\(configuration): \(fault)")
        }
        return read
    }

    /// The note of the process that runs in this folder; nil if there is none, or it is of a process that has ended.
    public func readRun() -> NodeRun? {
        guard let note = lastRun, note.isAlive else { return nil }
        return note
    }

    /// What the workers left of the node that ran last in this folder, if it was killed.
    var workerRemains: WorkerRemains { lastRun.map { .ofProcess($0.pid) } ?? .none }

    /// Removes that in the background: to find it takes a walk through all of the host's cgroups.
    func removeWorkerRemains() {
        guard let pid = lastRun?.pid else { return }
        Task.detached(priority: .background) { WorkerRemains.ofProcess(pid).remove() }
    }

    /// The note of the process that runs in this folder, or ran last.
    private var lastRun: NodeRun? {
        FileManager.default.contents(atPath: run).flatMap { try? JSONDecoder().decode(NodeRun.self, from: $0) }
    }
}

extension Encodable {
    /// Writes the value as JSON, whole or not at all.
    public func writeJSON(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
