import Identity

@testable import Ledger

/// Who may ask for what, written down a second time: a signer that is not among them must be refused.
struct Permissions {
    let state: LedgerState
    let signer: Signer
    let timeMilliseconds: Int64

    func allow(_ action: LedgerAction) -> Bool {
        switch action {
        case .registerNode, .transfer, .openChannel: return isAccount
        case .updateNode(let node, _, _, _), .optIn(let node), .optOut(let node): return isNode(node) || operates(node)
        case .stake(let node, _), .unstake(let node, _), .withdrawUnstaked(let node): return operates(node)
        case .mint, .changeParameter: return state.genesis.governors.contains { signer == .account($0) }
        case .claimName(let name): return isAccount && state.name(name) == nil
        case .transferName(let name, _), .publishRelease(let name, _), .promoteRelease(let name, _, _),
            .rollBack(let name, _):
            return owns(name)
        case .bindDomain(let domain, let name):
            let bound = state.domain(domain)?.name
            return (name.map(owns) ?? true) && (bound.map(owns) ?? (name != nil))
        case .settleChannels(let settlements, let proof):
            if !proof.isEmpty, isAccount { return false }
            // What is closed is passed over.
            return settlements.allSatisfy { state.channel($0.channel) == nil || isPayee(of: $0.channel) }
        case .closeChannel(let id):
            guard let channel = state.channel(id) else { return false }
            let grace = state.parameters.channelGraceMilliseconds
            return isPayee(of: id) || signer == .account(channel.payer)
                || timeMilliseconds > channel.endMilliseconds(grace: grace)
        case .leaseMachines(_, let claims):
            return !isAccount && claims.allSatisfy { mayHave($0.slot) }
        case .yieldMachines(let slots):
            return slots.allSatisfy { slot in
                state.machineLease(of: slot).map { signer == .node($0.holder) && $0.isHeld(at: timeMilliseconds) }
                    ?? false
            }
        case .reportMeasurements, .beaconCommit, .beaconReveal, .advanceEpoch, .recordCertificate, .submitAudit:
            return !isAccount
        case .submitFault: return true
        }
    }

    private var isAccount: Bool { if case .account = signer { true } else { false } }

    private func isNode(_ id: NodeID) -> Bool { signer == .node(id) }

    private func operates(_ id: NodeID) -> Bool {
        state.node(id).map { signer == .account($0.operatorAccount) } ?? false
    }

    private func owns(_ name: AppName) -> Bool { state.name(name).map { signer == .account($0.owner) } ?? false }

    private func mayHave(_ slot: MachineSlot) -> Bool {
        guard let lease = state.machineLease(of: slot), lease.isHeld(at: timeMilliseconds) else { return true }
        return signer == .node(lease.holder)
    }

    private func isPayee(of id: ChannelID) -> Bool {
        state.channel(id).map { isNode($0.payee) || operates($0.payee) } ?? false
    }
}
