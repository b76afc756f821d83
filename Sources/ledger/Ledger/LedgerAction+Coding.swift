import Blake3
import Foundation
import Identity
import SwiftProtobuf
import Wire

extension LedgerAction {
    init(_ message: LedgerPBTransactionBody.OneOf_Action) throws(LedgerError) {
        switch message {
        case .registerNode, .updateNode, .stake, .unstake, .withdrawUnstaked, .optIn, .optOut:
            self = try LedgerAction.decodeNodeAction(message)
        case .claimName, .transferName, .publishRelease, .promoteRelease, .rollBack, .bindDomain:
            self = try LedgerAction.decodeNameAction(message)
        case .transfer(let transfer):
            self = .transfer(to: try account(transfer.toAccount), amount: transfer.amount)
        case .mint(let mint):
            self = .mint(to: try account(mint.toAccount), amount: mint.amount)
        case .openChannel(let channel):
            self = .openChannel(try NewChannel(channel))
        case .settleChannels(let settle):
            var settlements: [Settlement] = []
            for settlement in settle.settlements { settlements.append(try Settlement(settlement)) }
            self = .settleChannels(settlements, proof: settle.proof)
        case .closeChannel(let close):
            self = .closeChannel(ChannelID(try Digest.decode(close.channel, what: "channel id")))
        case .reportMeasurements, .beaconCommit, .beaconReveal, .advanceEpoch, .recordCertificate, .submitFault,
            .submitAudit:
            self = try LedgerAction.decodeEpochAction(message)
        case .leaseMachines, .yieldMachines: self = try LedgerAction.decodeMachineAction(message)
        case .changeParameter(let change):
            self = .changeParameter(try ParameterChange(change))
        }
    }

    private static func decodeNodeAction(
        _ message: LedgerPBTransactionBody.OneOf_Action
    ) throws(LedgerError) -> LedgerAction {
        switch message {
        case .registerNode(let node):
            .registerNode(
                publicKey: try PublicKey.decode(node.publicKey, what: "node key"), peer: try Endpoint(node.peer),
                gateway: node.hasGateway ? try Endpoint(node.gateway) : nil, possessionProof: node.possessionProof,
                capacity: try NodeCapacity(registering: node), admissionEvidence: node.admissionEvidence)
        case .updateNode(let update):
            .updateNode(
                try node(update.nodeID), peer: try Endpoint(update.peer),
                gateway: update.hasGateway ? try Endpoint(update.gateway) : nil,
                capacity: update.hasCapacity ? NodeCapacity(update.capacity) : nil)
        case .stake(let stake): .stake(try node(stake.nodeID), amount: stake.amount)
        case .unstake(let unstake): .unstake(try node(unstake.nodeID), amount: unstake.amount)
        case .withdrawUnstaked(let withdraw): .withdrawUnstaked(try node(withdraw.nodeID))
        case .optIn(let optIn): .optIn(try node(optIn.nodeID))
        case .optOut(let optOut): .optOut(try node(optOut.nodeID))
        default: throw LedgerError(.malformed, "The transaction asks for nothing that this version knows")
        }
    }

    private static func decodeNameAction(
        _ message: LedgerPBTransactionBody.OneOf_Action
    ) throws(LedgerError) -> LedgerAction {
        switch message {
        case .claimName(let claim):
            return .claimName(try AppName(checking: claim.name))
        case .transferName(let transfer):
            return .transferName(try AppName(checking: transfer.name), to: try account(transfer.toAccount))
        case .publishRelease(let release):
            return .publishRelease(try AppName(checking: release.name), try NewRelease(release))
        case .promoteRelease(let promotion):
            guard (1...100).contains(promotion.percent), let percent = UInt8(exactly: promotion.percent) else {
                throw LedgerError(.malformed, "A release is promoted for 1 to 100 percent, not \(promotion.percent)")
            }
            return .promoteRelease(
                try AppName(checking: promotion.name), try ReleaseID.decode(promotion.release), percent: percent)
        case .rollBack(let rollBack):
            return .rollBack(
                try AppName(checking: rollBack.name),
                to: rollBack.hasRelease ? try ReleaseID.decode(rollBack.release) : nil)
        case .bindDomain(let bind):
            return .bindDomain(
                try DomainName(checking: bind.domain), to: bind.name.isEmpty ? nil : try AppName(checking: bind.name))
        default: throw LedgerError(.malformed, "The transaction asks for nothing that this version knows")
        }
    }

    private static func decodeEpochAction(
        _ message: LedgerPBTransactionBody.OneOf_Action
    ) throws(LedgerError) -> LedgerAction {
        switch message {
        case .reportMeasurements(let report):
            var observations: [Observation] = []
            for observation in report.observations { observations.append(try Observation(observation)) }
            return .reportMeasurements(epoch: report.epoch, observations)
        case .beaconCommit(let commit):
            return .beaconCommit(
                epoch: commit.epoch, round: commit.round,
                commitment: try Digest.decode(commit.commitment, what: "commitment"))
        case .beaconReveal(let reveal):
            return .beaconReveal(
                epoch: reveal.epoch, round: reveal.round, reveal: try Digest.decode(reveal.reveal, what: "reveal"))
        case .advanceEpoch(let advance): return .advanceEpoch(epoch: advance.epoch, round: advance.round)
        case .recordCertificate(let record): return .recordCertificate(try Certificate(decoding: record.certificate))
        case .submitFault(let fault): return .submitFault(try FaultEvidence(fault))
        case .submitAudit(let audit):
            return .submitAudit(
                subject: try node(audit.subject), receipt: try Digest.decode(audit.receipt, what: "receipt's digest"),
                matches: audit.matches, result: try Digest.decode(audit.result, what: "result's digest"))
        default: throw LedgerError(.malformed, "The transaction asks for nothing that this version knows")
        }
    }
}

extension NodeCapacity {
    fileprivate init(_ message: LedgerPBNodeCapacity) {
        self.init(
            storageBytes: message.storageBytes, memoryBytes: message.memoryBytes, cpuMillis: message.cpuMillis,
            bandwidthBytesPerSecond: message.bandwidthBytesPerSecond)
    }

    /// Of a node that is new, nothing is said in one way only.
    fileprivate init(registering node: LedgerPBRegisterNode) throws(LedgerError) {
        self.init(node.capacity)
        guard node.hasCapacity != isEmpty else {
            throw LedgerError(.malformed, "The node's capacity says nothing; leave it out")
        }
    }

    var message: LedgerPBNodeCapacity {
        .with {
            $0.storageBytes = storageBytes
            $0.memoryBytes = memoryBytes
            $0.cpuMillis = cpuMillis
            $0.bandwidthBytesPerSecond = bandwidthBytesPerSecond
        }
    }
}

private func node(_ bytes: Data) throws(LedgerError) -> NodeID {
    NodeID(try Digest.decode(bytes, what: "node id"))
}

private func account(_ bytes: Data) throws(LedgerError) -> AccountID {
    AccountID(try Digest.decode(bytes, what: "account id"))
}
