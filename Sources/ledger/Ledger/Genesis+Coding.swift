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
        var accounts: [GenesisAccount] = []
        for account in message.accounts {
            let id = AccountID(try Digest.decode(account.accountID, what: "account id"))
            accounts.append(GenesisAccount(id, balance: account.balance))
        }
        var nodes: [GenesisNode] = []
        for node in message.nodes { nodes.append(try GenesisNode(node)) }
        var sequencers: [NodeID] = []
        for id in message.sequencers { sequencers.append(NodeID(try Digest.decode(id, what: "sequencer id"))) }
        var governors: [AccountID] = []
        for id in message.governors {
            governors.append(AccountID(try Digest.decode(id, what: "governor's account id")))
        }
        try self.init(
            networkName: message.networkName, timeMilliseconds: message.timeMs,
            parameters: try NetworkParameters(message.parameters), accounts: accounts, nodes: nodes,
            sequencers: sequencers, governors: governors, isDevelopment: message.development)
        guard self.bytes == bytes else {
            throw LedgerError(.malformed, "The genesis lists accounts or nodes out of order")
        }
    }

    static func encode(
        _ networkName: String, _ timeMilliseconds: Int64, _ parameters: NetworkParameters, _ accounts: [GenesisAccount],
        _ nodes: [GenesisNode], _ sequencers: [NodeID], _ governors: [AccountID], _ isDevelopment: Bool
    ) -> Data {
        var message = LedgerPBGenesis()
        message.networkName = networkName
        message.timeMs = timeMilliseconds
        message.parameters = LedgerPBParameters(parameters)
        message.accounts = accounts.map { account in
            var message = LedgerPBGenesisAccount()
            message.accountID = account.id.digest.data
            message.balance = account.balance
            return message
        }
        message.nodes = nodes.map(LedgerPBGenesisNode.init)
        message.sequencers = sequencers.map(\.digest.data)
        message.governors = governors.map(\.digest.data)
        message.development = isDevelopment
        return message.canonicalBytes
    }
}

extension GenesisNode {
    fileprivate init(_ message: LedgerPBGenesisNode) throws(LedgerError) {
        self.init(
            publicKey: try PublicKey.decode(message.publicKey, what: "node key"),
            operatorAccount: AccountID(try Digest.decode(message.operatorAccount, what: "operator's account id")),
            peer: try Endpoint(message.peer),
            gateway: message.hasGateway ? try Endpoint(message.gateway) : nil, stake: message.stake)
    }
}

extension LedgerPBGenesisNode {
    fileprivate init(_ node: GenesisNode) {
        self.init()
        publicKey = node.publicKey.bytes
        operatorAccount = node.operatorAccount.digest.data
        peer = LedgerPBEndpoint(node.peer)
        if let endpoint = node.gateway { gateway = LedgerPBEndpoint(endpoint) }
        stake = node.stake
    }
}

extension NetworkParameters {
    init(_ message: LedgerPBParameters) throws(LedgerError) {
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
        guard let door = AdmissionDoor(code: UInt64(clamping: message.door.rawValue)) else {
            throw LedgerError(.badGenesis, "The door is \(message.door.rawValue); it must be 1, 2 or 3")
        }
        self.door = door
        minimumStake = message.minimumStake
        transactionFee = message.transactionFee
        nameFee = message.nameFee
        domainsPerName = message.domainsPerName
        unstakeLockEpochs = message.unstakeLockEpochs
        epochMilliseconds = message.epochMs
        committeeSize = message.committeeSize
        wholeCommitteeUpTo = message.wholeCommitteeUpTo
        beaconRestarts = message.beaconRestarts
        barredEpochs = message.barredEpochs
        beaconPenalty = message.beaconPenalty
        faultPenaltyPermille = message.faultPenaltyPermille
        checkpointEntries = message.checkpointEntries
        checkpointMilliseconds = message.checkpointMs
        channelGraceMilliseconds = message.channelGraceMs
        channelStepsPerReveal = message.channelStepsPerReveal
        observersPerNode = message.observersPerNode
        settlementBytes = message.settlementBytes
        nodesPay = message.nodesPay
        freeUnits = message.freeUnits
    }
}

extension LedgerPBParameters {
    init(_ parameters: NetworkParameters) {
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
        switch parameters.door {
        case .open: door = .open
        case .allowlist: door = .allowlist
        case .attested: door = .attested
        }
        minimumStake = parameters.minimumStake
        transactionFee = parameters.transactionFee
        nameFee = parameters.nameFee
        domainsPerName = parameters.domainsPerName
        unstakeLockEpochs = parameters.unstakeLockEpochs
        epochMs = parameters.epochMilliseconds
        committeeSize = parameters.committeeSize
        wholeCommitteeUpTo = parameters.wholeCommitteeUpTo
        beaconRestarts = parameters.beaconRestarts
        barredEpochs = parameters.barredEpochs
        beaconPenalty = parameters.beaconPenalty
        faultPenaltyPermille = parameters.faultPenaltyPermille
        checkpointEntries = parameters.checkpointEntries
        checkpointMs = parameters.checkpointMilliseconds
        channelGraceMs = parameters.channelGraceMilliseconds
        channelStepsPerReveal = parameters.channelStepsPerReveal
        observersPerNode = parameters.observersPerNode
        settlementBytes = parameters.settlementBytes
        nodesPay = parameters.nodesPay
        freeUnits = parameters.freeUnits
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
