import Blake3
public import Foundation
import Identity
import SwiftProtobuf
import Wire

extension Genesis {
    /// Reads what ``bytes`` holds.
    ///
    /// - Throws: `.malformed`, `.tooLarge` or `.badGenesis`.
    public init(decoding bytes: Data) throws(LedgerError) {
        let message = try LedgerPBGenesis.decodeCanonical(bytes, limit: Genesis.maxByteCount, what: "genesis")
        var accounts: [AccountID] = []
        for account in message.accounts {
            accounts.append(AccountID(try Digest.decode(account.accountID, what: "account id")))
        }
        var nodes: [GenesisNode] = []
        for node in message.nodes { nodes.append(try GenesisNode(node)) }
        try self.init(
            networkName: message.networkName, timeMilliseconds: message.timeMs,
            parameters: NetworkParameters(message.parameters), accounts: accounts, nodes: nodes,
            sequencer: NodeID(try Digest.decode(message.sequencer, what: "sequencer id")))
        guard self.bytes == bytes else {
            throw LedgerError(.malformed, "The genesis lists accounts or nodes out of order")
        }
    }

    static func encode(
        _ networkName: String, _ timeMilliseconds: Int64, _ parameters: NetworkParameters, _ accounts: [AccountID],
        _ nodes: [GenesisNode], _ sequencer: NodeID
    ) -> Data {
        var message = LedgerPBGenesis()
        message.networkName = networkName
        message.timeMs = timeMilliseconds
        message.parameters = LedgerPBParameters(parameters)
        message.accounts = accounts.map { account in
            var message = LedgerPBGenesisAccount()
            message.accountID = account.digest.data
            return message
        }
        message.nodes = nodes.map(LedgerPBGenesisNode.init)
        message.sequencer = sequencer.digest.data
        return message.canonicalBytes
    }
}

extension GenesisNode {
    fileprivate init(_ message: LedgerPBGenesisNode) throws(LedgerError) {
        self.init(
            publicKey: try PublicKey.decode(message.publicKey, what: "node key"),
            operatorAccount: AccountID(try Digest.decode(message.operatorAccount, what: "operator's account id")),
            peer: try Endpoint(message.peer),
            gateway: message.hasGateway ? try Endpoint(message.gateway) : nil)
    }
}

extension LedgerPBGenesisNode {
    fileprivate init(_ node: GenesisNode) {
        self.init()
        publicKey = node.publicKey.bytes
        operatorAccount = node.operatorAccount.digest.data
        peer = LedgerPBEndpoint(node.peer)
        if let endpoint = node.gateway { gateway = LedgerPBEndpoint(endpoint) }
    }
}

extension NetworkParameters {
    fileprivate init(_ message: LedgerPBParameters) {
        self.init()
        transactionBytes = message.transactionBytes
        releasesKeptPerName = message.releasesKeptPerName
        namesPerAccount = message.namesPerAccount
        nodesPerAccount = message.nodesPerAccount
        settingsBytes = message.settingsBytes
        manifestBytes = message.manifestBytes
        replicas = message.replicas
        openAccounts = message.openAccounts
        accounts = message.accounts
    }
}

extension LedgerPBParameters {
    fileprivate init(_ parameters: NetworkParameters) {
        self.init()
        transactionBytes = parameters.transactionBytes
        releasesKeptPerName = parameters.releasesKeptPerName
        namesPerAccount = parameters.namesPerAccount
        nodesPerAccount = parameters.nodesPerAccount
        settingsBytes = parameters.settingsBytes
        manifestBytes = parameters.manifestBytes
        replicas = parameters.replicas
        openAccounts = parameters.openAccounts
        accounts = parameters.accounts
    }
}

extension Endpoint {
    init(_ message: LedgerPBEndpoint) throws(LedgerError) {
        guard let port = UInt16(exactly: message.port) else {
            throw LedgerError(.badEndpoint, "Port \(message.port) is above 65535")
        }
        try self.init(host: message.host, port: port)
    }
}

extension LedgerPBEndpoint {
    init(_ endpoint: Endpoint) {
        self.init()
        host = endpoint.host
        port = UInt32(endpoint.port)
    }
}

extension Digest {
    var data: Data { withUnsafeBytes { Data($0) } }

    static func decode(_ bytes: Data, what: String) throws(LedgerError) -> Digest {
        guard let digest = Digest(bytes) else {
            throw LedgerError(.malformed, "The \(what) has \(bytes.count) bytes instead of \(Digest.byteCount)")
        }
        return digest
    }
}

extension PublicKey {
    static func decode(_ bytes: Data, what: String) throws(LedgerError) -> PublicKey {
        guard let key = PublicKey(bytes) else { throw LedgerError(.malformed, "The \(what) is no Ed25519 public key") }
        return key
    }
}
