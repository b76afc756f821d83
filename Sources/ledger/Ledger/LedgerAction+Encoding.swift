import Blake3
import Foundation
import Identity
import SwiftProtobuf
import Wire

extension LedgerAction {
    var message: LedgerPBTransactionBody.OneOf_Action {
        switch self {
        case .registerNode, .updateNode, .stake, .unstake, .withdrawUnstaked, .optIn, .optOut: nodeMessage
        case .claimName, .transferName, .publishRelease, .promoteRelease, .rollBack, .bindDomain: nameMessage
        default: otherMessage
        }
    }

    private var nodeMessage: LedgerPBTransactionBody.OneOf_Action {
        switch self {
        case .registerNode(
            let publicKey, let peer, let gateway, let possessionProof, let capacity, let admissionEvidence):
            .registerNode(
                .with {
                    $0.publicKey = publicKey.bytes
                    $0.peer = LedgerPBEndpoint(peer)
                    if let gateway { $0.gateway = LedgerPBEndpoint(gateway) }
                    $0.possessionProof = possessionProof
                    if !capacity.isEmpty { $0.capacity = capacity.message }
                    $0.admissionEvidence = admissionEvidence
                })
        case .updateNode(let node, let peer, let gateway, let capacity):
            .updateNode(
                .with {
                    $0.nodeID = node.digest.data
                    $0.peer = LedgerPBEndpoint(peer)
                    if let gateway { $0.gateway = LedgerPBEndpoint(gateway) }
                    if let capacity { $0.capacity = capacity.message }
                })
        case .stake(let node, let amount):
            .stake(
                .with {
                    $0.nodeID = node.digest.data
                    $0.amount = amount
                })
        case .unstake(let node, let amount):
            .unstake(
                .with {
                    $0.nodeID = node.digest.data
                    $0.amount = amount
                })
        case .withdrawUnstaked(let node): .withdrawUnstaked(.with { $0.nodeID = node.digest.data })
        case .optIn(let node): .optIn(.with { $0.nodeID = node.digest.data })
        case .optOut(let node): .optOut(.with { $0.nodeID = node.digest.data })
        default: otherMessage
        }
    }

    private var nameMessage: LedgerPBTransactionBody.OneOf_Action {
        switch self {
        case .claimName(let name): .claimName(.with { $0.name = name.description })
        case .transferName(let name, let account):
            .transferName(
                .with {
                    $0.name = name.description
                    $0.toAccount = account.digest.data
                })
        case .publishRelease(let name, let release): .publishRelease(release.message(name))
        case .promoteRelease(let name, let release, let percent):
            .promoteRelease(
                .with {
                    $0.name = name.description
                    $0.release = release.description
                    $0.percent = UInt32(percent)
                })
        case .rollBack(let name, let release):
            .rollBack(
                .with {
                    $0.name = name.description
                    if let release { $0.release = release.description }
                })
        case .bindDomain(let domain, let name):
            .bindDomain(
                .with {
                    $0.domain = domain.description
                    $0.name = name?.description ?? ""
                })
        default: otherMessage
        }
    }

    private var otherMessage: LedgerPBTransactionBody.OneOf_Action {
        switch self {
        case .transfer(let account, let amount):
            .transfer(
                .with {
                    $0.toAccount = account.digest.data
                    $0.amount = amount
                })
        case .mint(let account, let amount):
            .mint(
                .with {
                    $0.toAccount = account.digest.data
                    $0.amount = amount
                })
        case .openChannel(let channel): .openChannel(channel.message)
        case .settleChannels(let settlements, let proof):
            .settleChannels(
                .with {
                    $0.settlements = settlements.map(\.message)
                    $0.proof = proof
                })
        case .closeChannel(let channel): .closeChannel(.with { $0.channel = channel.digest.data })
        case .changeParameter(let change): .changeParameter(change.message)
        case .submitFault(let evidence): .submitFault(evidence.message)
        case .recordCertificate(let certificate):
            .recordCertificate(.with { $0.certificate = certificate.bytes })
        case .reportMeasurements(let epoch, let observations):
            .reportMeasurements(
                .with {
                    $0.epoch = epoch
                    $0.observations = observations.map(\.message)
                })
        case .beaconCommit(let epoch, let round, let commitment):
            .beaconCommit(
                .with {
                    $0.epoch = epoch
                    $0.round = round
                    $0.commitment = commitment.data
                })
        case .beaconReveal(let epoch, let round, let reveal):
            .beaconReveal(
                .with {
                    $0.epoch = epoch
                    $0.round = round
                    $0.reveal = reveal.data
                })
        case .advanceEpoch(let epoch, let round):
            .advanceEpoch(
                .with {
                    $0.epoch = epoch
                    $0.round = round
                })
        case .submitAudit(let subject, let receipt, let matches, let result):
            .submitAudit(
                .with {
                    $0.subject = subject.digest.data
                    $0.receipt = receipt.data
                    $0.matches = matches
                    $0.result = result.data
                })
        case .registerNode, .updateNode, .stake, .unstake, .withdrawUnstaked, .optIn, .optOut: nodeMessage
        case .claimName, .transferName, .publishRelease, .promoteRelease, .rollBack, .bindDomain: nameMessage
        case .leaseMachines, .yieldMachines: machineMessage
        }
    }
}
