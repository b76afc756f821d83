public import ArgumentParser
import Foundation
import Identity
public import Ledger
import Node

/// Where a new node keeps its data and listens.
struct NodeSetup: ParsableArguments {
    @Option(help: ArgumentHelp("The node's data folder.", valueName: "folder"), completion: .directory)
    var data: String

    @Option(
        help: ArgumentHelp(
            "Where visitors are served, as host:port. Default: a free port on loopback.", valueName: "address"))
    var gateway: Endpoint?

    @Option(
        help: ArgumentHelp(
            "Where other nodes connect, as host:port. Default: a free port on loopback.", valueName: "address"))
    var peer: Endpoint?

    @Option(
        help: ArgumentHelp(
            "Where the control API listens, as host:port. Default: a free port on loopback.", valueName: "address"))
    var control: Endpoint?

    var folder: NodeFolder { NodeFolder(URL(fileURLWithPath: data).standardizedFileURL.path) }

    /// Makes the folder, the key and the configuration; keeps what is there already.
    ///
    /// - Throws: ``CommandError`` if the folder has a configuration that listens elsewhere than asked for.
    func prepare() throws -> (key: SigningKey, configuration: NodeConfiguration) {
        let folder = folder
        try FileManager.default.createDirectory(
            atPath: folder.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let key = try KeyFile.loadOrCreate(folder.key)
        if FileManager.default.fileExists(atPath: folder.configuration) {
            let configuration = try folder.readConfiguration()
            let pairs = [
                ("gateway", gateway, configuration.gateway), ("peer", peer, configuration.peer),
                ("control", control, configuration.control),
            ]
            for (name, wanted, present) in pairs {
                guard let wanted, NodeSetup.address(wanted) != present else { continue }
                throw CommandError(
                    "\(folder.configuration) has \(present) as the \(name) address, not \(wanted); change it there, or "
                        + "leave --\(name) out")
            }
            return (key, configuration)
        }
        let ports = try FreePorts.choose(3)
        let address = { (given: Endpoint?, index: Int) in
            given.map(NodeSetup.address) ?? NodeConfiguration.Address(host: "127.0.0.1", port: ports[index])
        }
        let configuration = NodeConfiguration(
            gateway: address(gateway, 0), peer: address(peer, 1), control: address(control, 2))
        try configuration.writeJSON(to: folder.configuration)
        return (key, configuration)
    }

    private static func address(_ endpoint: Endpoint) -> NodeConfiguration.Address {
        NodeConfiguration.Address(host: endpoint.host, port: Int(endpoint.port))
    }
}

/// Under which addresses others reach a node.
struct PublicAddresses: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where other nodes reach this one, as host:port. Default: the peer address.", valueName: "address"))
    var publicPeer: Endpoint?

    @Option(
        help: ArgumentHelp(
            "Where visitors reach this node, as host:port. Default: the gateway address.", valueName: "address"))
    var publicGateway: Endpoint?

    /// Nil if the node listens on all addresses and this does not say which one others use.
    func peer(of configuration: NodeConfiguration) throws -> Endpoint? {
        try publicPeer ?? PublicAddresses.reachable(configuration.peer)
    }

    /// As ``peer(of:)``.
    func gateway(of configuration: NodeConfiguration) throws -> Endpoint? {
        try publicGateway ?? PublicAddresses.reachable(configuration.gateway)
    }

    private static func reachable(_ listening: NodeConfiguration.Address) throws -> Endpoint? {
        guard let port = UInt16(exactly: listening.port) else {
            throw CommandError("The port \(listening.port) in node.json is out of range; choose 1 to 65535")
        }
        guard !["0.0.0.0", "::"].contains(listening.host) else { return nil }
        return try Endpoint(host: listening.host, port: port)
    }
}

extension Endpoint: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
