import Foundation
import Identity
import Ledger
import Node

#if canImport(Glibc)
    import Glibc
#endif

/// A network whose nodes all run on this machine, each in a folder of its own under one data folder.
struct LocalNetwork: Sendable {
    /// One of its nodes.
    struct Member: Sendable {
        /// From 1.
        let number: Int
        let id: NodeID
        let folder: NodeFolder
        let configuration: NodeConfiguration
    }

    /// Where the ledger's log is.
    enum LedgerEngine: String, CaseIterable, Codable {
        /// In a file of the first node, which orders all transactions.
        case sqlite
        /// In a cluster of etcd members; any node may order.
        case etcd
    }

    /// What a new network is made of.
    struct Options {
        var nodeCount = LocalNetwork.defaultNodes
        var engine = LedgerEngine.sqlite
        /// Nil for the default of ``NetworkParameters``.
        var epochMilliseconds: UInt64?
    }

    /// `network.json`: its presence says that the network was made completely.
    private struct Note: Codable {
        struct EtcdPorts: Codable {
            var client: Int
            var peer: Int
        }

        var version = 1
        var network: String
        var nodes: [String]
        var etcd: [EtcdPorts]?
    }

    /// Nodes of one local network at most.
    static let maxNodes = 64
    static let defaultNodes = 3
    /// Short, so that a person who tries things can soon prove them, and long enough for votes to come in between.
    private static let checkpointMilliseconds: UInt64 = 1_000

    let folder: String
    let networkID: NetworkID
    let nodes: [Member]
    /// Nil if the ledger's log is in SQLite.
    let etcd: LocalEtcd?

    var engine: LedgerEngine { etcd == nil ? .sqlite : .etcd }

    private static func notePath(_ folder: String) -> String { folder + "/network.json" }

    static func exists(_ folder: String) -> Bool { FileManager.default.fileExists(atPath: notePath(folder)) }

    static func notRunning(_ folder: String) -> CommandError {
        CommandError("No node runs in \(folder); start the network with `skerry up`")
    }

    /// Reads the network in `folder`.
    static func open(_ folder: String) throws -> LocalNetwork {
        guard let bytes = FileManager.default.contents(atPath: notePath(folder)) else {
            throw CommandError(
                "There is no network in \(folder); make one with `skerry up`, or name its folder with --data")
        }
        guard let note = try? JSONDecoder().decode(Note.self, from: bytes), let network = NetworkID(note.network) else {
            throw CommandError("\(notePath(folder)) is damaged; restore it, or move \(folder) away and run `skerry up`")
        }
        let nodes = try note.nodes.enumerated().map { index, id in
            let member = NodeFolder("\(folder)/node-\(index + 1)")
            guard let id = NodeID(id) else {
                throw CommandError("\(notePath(folder)) names no valid node \(index + 1)")
            }
            return Member(number: index + 1, id: id, folder: member, configuration: try member.readConfiguration())
        }
        return LocalNetwork(
            folder: folder, networkID: network, nodes: nodes,
            etcd: note.etcd.map { ports in
                LocalEtcd(folder: folder, token: note.network, ports: ports.map { ($0.client, $0.peer) })
            })
    }

    /// Makes a network with new keys and free ports. When this returns, it is durable.
    ///
    /// - Parameter operatorKey: Its account is the founder: it operates all nodes, has the units and may change parameters.
    static func create(_ folder: String, _ options: Options, operatorKey: SigningKey) throws -> LocalNetwork {
        if options.engine == .etcd { _ = try LocalEtcd.executable() }
        let manager = FileManager.default
        let mode: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
        try manager.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: mode)
        let etcdCount = options.engine == .etcd ? LocalEtcd.memberCount : 0
        var ports = try FreePorts.choose(options.nodeCount * 4 + etcdCount * 2)
        let etcdPorts = (0..<etcdCount).map { _ in
            Note.EtcdPorts(client: ports.removeLast(), peer: ports.removeLast())
        }
        var ledger: LedgerConfiguration?
        if options.engine == .etcd {
            ledger = LedgerConfiguration(engine: .etcd, endpoints: etcdPorts.map { "127.0.0.1:\($0.client)" })
        }
        var members: [(member: Member, key: PublicKey)] = []
        for index in 0..<options.nodeCount {
            let member = NodeFolder("\(folder)/node-\(index + 1)")
            try manager.createDirectory(atPath: member.path, withIntermediateDirectories: true, attributes: mode)
            let key = try KeyFile.loadOrCreate(member.key).publicKey
            let address = { (port: Int) in NodeConfiguration.Address(host: "127.0.0.1", port: port) }
            var configuration = NodeConfiguration(
                gateway: address(ports[4 * index]), peer: address(ports[4 * index + 1]),
                control: address(ports[4 * index + 2]))
            configuration.secure = address(ports[4 * index + 3])
            configuration.ledger = ledger
            try configuration.writeJSON(to: member.configuration)
            members.append(
                (Member(number: index + 1, id: key.node, folder: member, configuration: configuration), key))
        }
        let genesis = try genesis(of: members, options, operatorAccount: operatorKey.publicKey.account)
        for (member, _) in members {
            try removeLeftovers(member.folder)
            try genesis.bytes.write(to: URL(fileURLWithPath: member.folder.genesis), options: .atomic)
        }
        let token = genesis.networkID.description
        let etcd = LocalEtcd(folder: folder, token: token, ports: etcdPorts.map { ($0.client, $0.peer) })
        for member in etcd.members { try? manager.removeItem(atPath: member.folder) }
        sync()
        let note = Note(
            network: token, nodes: members.map(\.member.id.description), etcd: etcdPorts.isEmpty ? nil : etcdPorts)
        try note.writeJSON(to: notePath(folder))
        sync()
        return LocalNetwork(
            folder: folder, networkID: genesis.networkID, nodes: members.map(\.member),
            etcd: etcdPorts.isEmpty ? nil : etcd)
    }

    private static func genesis(
        of members: [(member: Member, key: PublicKey)], _ options: Options, operatorAccount: AccountID
    ) throws -> Genesis {
        let nodes = try members.map { member, key in
            NewNetwork.Node(
                publicKey: key, operatorAccount: nil,
                peer: try Endpoint(host: "127.0.0.1", port: UInt16(member.configuration.peer.port)),
                gateway: try Endpoint(host: "127.0.0.1", port: UInt16(member.configuration.gateway.port)))
        }
        var network = NewNetwork(name: "local", founder: operatorAccount, nodes: nodes)
        network.engine = options.engine
        network.isDevelopment = true
        network.parameters.openAccounts = true
        network.parameters.replicas = UInt32(min(3, options.nodeCount))
        if let length = options.epochMilliseconds { network.parameters.epochMilliseconds = length }
        network.parameters.checkpointMilliseconds = checkpointMilliseconds
        return try network.genesis()
    }

    /// A ledger that an interrupted `up` left belongs to another genesis.
    private static func removeLeftovers(_ folder: NodeFolder) throws {
        for file in [folder.ledger, folder.ledger + "-wal", folder.ledger + "-shm", folder.ledgerBase] {
            try? FileManager.default.removeItem(atPath: file)
        }
    }
}
