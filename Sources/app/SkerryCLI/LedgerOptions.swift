public import ArgumentParser
import Client
import Foundation
public import Identity
public import Ledger
import Node

/// Which network's ledger is trusted.
struct GenesisOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The id of the network's genesis, 64 hexadecimal digits, from somebody whom you trust. Default: that of the "
                + "network on this machine.", valueName: "id"), transform: NetworkID.argument)
    var genesis: NetworkID?

    /// The id to trust.
    ///
    /// - Throws: ``CommandError`` if none is given and there is no network on this machine.
    func resolve(_ data: DataOption) throws -> NetworkID {
        if let genesis { return genesis }
        if let folder = data.nodeFolder { return try folder.readGenesis().networkID }
        guard LocalNetwork.exists(data.path) else {
            throw CommandError(
                "There is no network in \(data.path) whose genesis could be trusted; give the network's id with --genesis"
            )
        }
        return try data.network.networkID
    }
}

extension NodeOption {
    /// The ledger as the chosen node has it; without a choice, as the first node has it that answers.
    ///
    /// - Parameter network: Nothing is read from or signed for another; nil for the network on this machine, if the node
    ///   is chosen from it.
    func ledger(network: NetworkID? = nil, key: SigningKey? = nil) throws -> LedgerClient {
        let first = try client(key: key)
        guard !isURL else { return LedgerClient(first, network: network) }
        if let folder = data.nodeFolder {
            return LedgerClient(first, network: try network ?? folder.readGenesis().networkID)
        }
        let local = try data.network
        var others: [NodeClient] = []
        if node == nil {
            others = local.nodes.compactMap { $0.folder.readRun()?.control }.filter { $0 != first.control }
                .map { NodeClient.ofCommand($0, key: key) }
        }
        return LedgerClient(first, others: others, network: network ?? local.networkID)
    }
}

/// An amount in units.
struct Units: ExpressibleByArgument {
    let count: UInt64

    init?(argument: String) {
        guard let count = UInt64(argument), (1...NetworkParameters.maxUnits).contains(count) else { return nil }
        self.count = count
    }

    static func text(_ count: UInt64) -> String { count == 1 ? "1 unit" : "\(count) units" }
}

extension NetworkID {
    /// For options that take a genesis' id, so that a wrong one is told what is wrong with it.
    @Sendable
    static func argument(_ text: String) throws -> NetworkID {
        if let id = NetworkID(text) { return id }
        let digits = text.utf8.count
        let isShort = digits < 64 && text.allSatisfy(\.isHexDigit)
        throw ValidationError(
            isShort
                ? "it has \(digits) of 64 digits, and another network's id may begin alike; give all of them"
                : "it is not 64 hexadecimal digits; `skerry status` and `skerry network genesis show` print it")
    }
}

extension AccountID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension NodeID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension DomainName: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension ChannelID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension Commodity: ExpressibleByArgument {}

extension AdmissionDoor: ExpressibleByArgument {}

extension TransactionID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
