import Blake3
import Foundation
import Identity
public import Ledger
import Stark

/// Actions as people read them.
extension LedgerAction {
    /// What is asked for, such as `transfer`.
    public var verb: String {
        switch self {
        case .registerNode: "register-node"
        case .updateNode: "update-node"
        case .stake: "stake"
        case .unstake: "unstake"
        case .withdrawUnstaked: "withdraw-unstaked"
        case .optIn: "opt-in"
        case .optOut: "opt-out"
        case .transfer: "transfer"
        case .mint: "mint"
        case .claimName: "claim-name"
        case .transferName: "transfer-name"
        case .publishRelease: "publish-release"
        case .promoteRelease: "promote-release"
        case .rollBack: "roll-back"
        case .bindDomain: "bind-domain"
        case .openChannel: "open-channel"
        case .settleChannels: "settle-channels"
        case .closeChannel: "close-channel"
        case .reportMeasurements: "report-measurements"
        case .beaconCommit: "beacon-commit"
        case .beaconReveal: "beacon-reveal"
        case .advanceEpoch: "advance-epoch"
        case .recordCertificate: "record-certificate"
        case .submitFault: "submit-fault"
        case .submitAudit: "submit-audit"
        case .leaseMachines: "lease-machines"
        case .yieldMachines: "yield-machines"
        case .changeParameter: "change-parameter"
        }
    }

    /// The values that the action carries, in the order in which one would say them.
    public var arguments: [TransactionInfo.Argument] {
        switch self {
        case .registerNode, .updateNode, .stake, .unstake, .withdrawUnstaked, .optIn, .optOut, .transfer, .mint:
            nodeArguments
        case .claimName, .transferName, .publishRelease, .promoteRelease, .rollBack, .bindDomain: nameArguments
        case .openChannel, .settleChannels, .closeChannel: channelArguments
        case .reportMeasurements, .beaconCommit, .beaconReveal, .advanceEpoch, .recordCertificate, .submitFault,
            .submitAudit, .changeParameter:
            trustArguments
        case .leaseMachines(let term, let claims):
            [Argument("termMs", "\(term)")] + claims.map { Argument("slot", "\($0.slot.name)/\($0.slot.slot)") }
        case .yieldMachines(let slots): slots.map { Argument("slot", "\($0.name)/\($0.slot)") }
        }
    }

    private typealias Argument = TransactionInfo.Argument

    private var nodeArguments: [Argument] {
        switch self {
        case .registerNode(let key, let peer, let gateway, _, let capacity, let evidence):
            [Argument("node", key.node.description), Argument("peer", peer.description)] + endpoint(gateway)
                + capacity.arguments
                + (evidence.isEmpty ? [] : [Argument("admissionEvidence", "\(evidence.count) bytes")])
        case .updateNode(let node, let peer, let gateway, let capacity):
            [Argument("node", node.description), Argument("peer", peer.description)] + endpoint(gateway)
                + (capacity?.arguments ?? [])
        case .stake(let node, let amount), .unstake(let node, let amount):
            [Argument("node", node.description), Argument("amount", "\(amount)")]
        case .withdrawUnstaked(let node), .optIn(let node), .optOut(let node): [Argument("node", node.description)]
        case .transfer(let account, let amount), .mint(let account, let amount):
            [Argument("to", account.description), Argument("amount", "\(amount)")]
        default: []
        }
    }

    private var nameArguments: [Argument] {
        switch self {
        case .claimName(let name): [Argument("name", name.description)]
        case .transferName(let name, let account):
            [Argument("name", name.description), Argument("to", account.description)]
        case .publishRelease(let name, let release):
            [
                Argument("name", name.description), Argument("kind", release.kind.rawValue),
                Argument("manifest", release.manifest.description), Argument("message", release.message),
            ] + wishes(release)
        case .promoteRelease(let name, let release, let percent):
            [
                Argument("name", name.description), Argument("release", release.description),
                Argument("percent", "\(percent)"),
            ]
        case .rollBack(let name, let release):
            [Argument("name", name.description)] + (release.map { [Argument("release", $0.description)] } ?? [])
        case .bindDomain(let domain, let name):
            [Argument("domain", domain.description)] + (name.map { [Argument("name", $0.description)] } ?? [])
        default: []
        }
    }

    private var channelArguments: [Argument] {
        switch self {
        case .openChannel(let channel):
            [
                Argument("payee", channel.payee.description),
                Argument("expiresMilliseconds", "\(channel.expiresMilliseconds)"),
            ]
                + channel.chains.flatMap { chain in
                    [
                        Argument(chain.commodity.rawValue, "\(chain.maxUnits) units at \(chain.unitPrice)"),
                        Argument("anchor", Digest(chain.anchor.bytes)?.hex ?? ""),
                    ]
                }
        case .settleChannels(let settlements, let proof):
            settlements.flatMap { settlement in
                let what =
                    switch settlement.lane {
                    case .reveal(_, let steps): "\(steps) more by a link"
                    case .voucher(let units, _): "\(units) in all by a voucher"
                    case .proof(_, _, let steps): "\(steps) more by the proof"
                    }
                return [
                    Argument("channel", settlement.channel.description), Argument(settlement.commodity.rawValue, what),
                ]
            } + (proof.isEmpty ? [] : [Argument("proof", "\(proof.count) bytes")])
        case .closeChannel(let channel): [Argument("channel", channel.description)]
        default: []
        }
    }

    private var trustArguments: [Argument] {
        switch self {
        case .reportMeasurements(let epoch, let observations):
            [Argument("epoch", "\(epoch)"), Argument("nodes", "\(observations.count)")]
        case .beaconCommit(let epoch, let round, let digest), .beaconReveal(let epoch, let round, let digest):
            [Argument("epoch", "\(epoch)"), Argument("round", "\(round)"), Argument("value", digest.hex)]
        case .advanceEpoch(let epoch, let round): [Argument("epoch", "\(epoch)"), Argument("round", "\(round)")]
        case .recordCertificate(let certificate):
            [
                Argument("sequence", "\(certificate.checkpoint.sequence)"),
                Argument("stateRoot", certificate.checkpoint.stateRoot.hex),
                Argument("votes", "\(certificate.votes.count)"),
            ]
        case .submitFault(let evidence):
            switch evidence {
            case .forkedHeaders: [Argument("evidence", "forked-headers")]
            case .contradictingVotes(let node, _, _, _, _):
                [Argument("evidence", "contradicting-votes"), Argument("node", node.description)]
            case .falseSettlement(let transaction, let index):
                [
                    Argument("evidence", "false-settlement"), Argument("settlement", "\(index)"),
                    Argument("transaction", (try? SignedTransaction(decoding: transaction))?.id.description ?? ""),
                ]
            }
        case .submitAudit(let subject, let receipt, let matches, _):
            [
                Argument("node", subject.description), Argument("receipt", receipt.hex),
                Argument("verdict", matches ? "match" : "mismatch"),
            ]
        case .changeParameter(.value(let name, let value)):
            [Argument("parameter", name), Argument("value", "\(value)")]
        case .changeParameter(.member(let id, let isAllowed)): [Argument(isAllowed ? "allow" : "disallow", id.hex)]
        default: []
        }
    }

    private func endpoint(_ gateway: Endpoint?) -> [Argument] {
        gateway.map { [Argument("gateway", $0.description)] } ?? []
    }

    /// What a release asks for beyond what every release does.
    private func wishes(_ release: NewRelease) -> [Argument] {
        var arguments: [Argument] = []
        if let sizeClass = release.sizeClass { arguments.append(Argument("sizeClass", sizeClass.description)) }
        if release.replicas > 0 { arguments.append(Argument("replicas", "\(release.replicas)")) }
        if let envelope = release.secretsEnvelope { arguments.append(Argument("secretsEnvelope", envelope.hex)) }
        return arguments
    }
}

extension NodeCapacity {
    /// Nothing for what is not said.
    fileprivate var arguments: [TransactionInfo.Argument] {
        [
            ("storageBytes", storageBytes), ("memoryBytes", memoryBytes), ("cpuMillis", cpuMillis),
            ("bandwidthBytesPerSecond", bandwidthBytesPerSecond),
        ].filter { $0.1 > 0 }.map { TransactionInfo.Argument($0.0, "\($0.1)") }
    }
}
