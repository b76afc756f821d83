import SwiftProtobuf
import Wire

extension LedgerAction {
    static func decodeMachineAction(
        _ message: LedgerPBTransactionBody.OneOf_Action
    ) throws(LedgerError) -> LedgerAction {
        switch message {
        case .leaseMachines(let lease):
            var claims: [MachineClaim] = []
            for claim in lease.claims {
                claims.append(
                    MachineClaim(
                        slot: MachineSlot(name: try AppName(checking: claim.name), slot: claim.slot),
                        release: try ReleaseID.decode(claim.release), ready: try ReleaseID.decodeOptional(claim.ready),
                        failed: try ReleaseID.decodeOptional(claim.failed)))
            }
            return .leaseMachines(termMilliseconds: lease.termMs, claims)
        case .yieldMachines(let yield):
            var slots: [MachineSlot] = []
            for slot in yield.slots {
                slots.append(MachineSlot(name: try AppName(checking: slot.name), slot: slot.slot))
            }
            return .yieldMachines(slots)
        default: throw LedgerError(.malformed, "The transaction asks for nothing that this version knows")
        }
    }

    /// Empty for an action that is none of machines.
    var machineMessage: LedgerPBTransactionBody.OneOf_Action {
        switch self {
        case .yieldMachines(let slots):
            .yieldMachines(
                .with {
                    $0.slots = slots.map { slot in
                        .with {
                            $0.name = slot.name.description
                            $0.slot = slot.slot
                        }
                    }
                })
        case .leaseMachines(let term, let claims):
            .leaseMachines(
                .with {
                    $0.termMs = term
                    $0.claims = claims.map(\.message)
                })
        default: .leaseMachines(.init())
        }
    }
}

extension MachineClaim {
    fileprivate var message: LedgerPBMachineClaim {
        .with {
            $0.name = slot.name.description
            $0.slot = slot.slot
            $0.release = release.description
            $0.ready = ready?.description ?? ""
            $0.failed = failed?.description ?? ""
        }
    }
}
