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

    /// `network.json`: its presence says that the network was made completely.
    private struct Note: Codable {
        var version = 1
        var network: String
        var nodes: [String]
    }

    /// Nodes of one local network at most.
    static let maxNodes = 64
    static let defaultNodes = 3

    let folder: String
    let networkID: NetworkID
    let nodes: [Member]

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
        return LocalNetwork(folder: folder, networkID: network, nodes: nodes)
    }

    /// Makes a network of `count` nodes with new keys and free ports. When this returns, it is durable.
    ///
    /// - Parameter operatorKey: Owns all nodes and is the first account.
    static func create(_ folder: String, count: Int, operatorKey: SigningKey) throws -> LocalNetwork {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let account = operatorKey.publicKey.account
        let ports = try FreePorts.choose(count * 3)
        var members: [Member] = []
        var genesisNodes: [GenesisNode] = []
        for index in 0..<count {
            let member = NodeFolder("\(folder)/node-\(index + 1)")
            try FileManager.default.createDirectory(
                atPath: member.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let key = try KeyFile.loadOrCreate(member.key)
            let address = { (port: Int) in NodeConfiguration.Address(host: "127.0.0.1", port: port) }
            let configuration = NodeConfiguration(
                gateway: address(ports[3 * index]), peer: address(ports[3 * index + 1]),
                control: address(ports[3 * index + 2]))
            try configuration.writeJSON(to: member.configuration)
            genesisNodes.append(
                GenesisNode(
                    publicKey: key.publicKey, operatorAccount: account,
                    peer: try Endpoint(host: "127.0.0.1", port: UInt16(configuration.peer.port)),
                    gateway: try Endpoint(host: "127.0.0.1", port: UInt16(configuration.gateway.port))))
            members.append(
                Member(number: index + 1, id: key.publicKey.node, folder: member, configuration: configuration))
        }
        var parameters = NetworkParameters()
        parameters.openAccounts = true
        parameters.replicas = UInt32(min(3, count))
        let genesis = try Genesis(
            networkName: "local", timeMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000), parameters: parameters,
            accounts: [account], nodes: genesisNodes, sequencer: members[0].id)
        for member in members {
            // A ledger that an interrupted `up` left belongs to another genesis.
            for file in [member.folder.ledger, member.folder.ledger + "-wal", member.folder.ledger + "-shm"] {
                try? FileManager.default.removeItem(atPath: file)
            }
            try genesis.bytes.write(to: URL(fileURLWithPath: member.folder.genesis), options: .atomic)
        }
        sync()
        let note = Note(network: genesis.networkID.description, nodes: members.map(\.id.description))
        try note.writeJSON(to: notePath(folder))
        sync()
        return LocalNetwork(folder: folder, networkID: genesis.networkID, nodes: members)
    }
}
