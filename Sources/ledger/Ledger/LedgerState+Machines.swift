import Identity

extension LedgerState {
    mutating func performOnMachines(
        _ transaction: SignedTransaction, _ timeMilliseconds: Int64
    ) throws(LedgerError) {
        let node = try requireNode(transaction.signer)
        switch transaction.action {
        case .leaseMachines(let term, let claims): try lease(claims, to: node, for: term, timeMilliseconds)
        case .yieldMachines(let slots): try yield(slots, of: node.id, timeMilliseconds)
        default: throw LedgerError(.unsupported, "This is nothing that is done to machines; update the node")
        }
    }

    private mutating func lease(
        _ claims: [MachineClaim], to node: NodeRecord, for term: UInt64, _ time: Int64
    ) throws(LedgerError) {
        guard node.isParticipating else {
            throw LedgerError(.wrongParticipation, "The node \(node.id.short) does not take part; opt in first")
        }
        let range = MachineLease.termRange
        guard range.contains(term) else {
            throw LedgerError(
                .badAmount, "A lease is for \(range.lowerBound) to \(range.upperBound) ms, not for \(term)")
        }
        let (expires, overflow) = time.addingReportingOverflow(Int64(term))
        guard !overflow else { throw LedgerError(.badAmount, "The lease would end behind all times; shorten it") }
        try check(claims.map(\.slot))
        for claim in claims {
            try check(claim)
            leaseTable.put(try lease(claim, node.id, until: expires, time))
        }
    }

    /// The lease as the claim makes it.
    private func lease(
        _ claim: MachineClaim, _ node: NodeID, until expires: Int64, _ time: Int64
    ) throws(LedgerError) -> MachineLease {
        var lease =
            machineLease(of: claim.slot)
            ?? MachineLease(
                slot: claim.slot, holder: node, fence: 0, expiresMilliseconds: time, takenSequence: 0,
                release: claim.release)
        if lease.isHeld(at: time) {
            guard lease.holder == node else {
                throw LedgerError(
                    .leaseHeld,
                    "Slot \(claim.slot.slot) of \(claim.slot.name) is node \(lease.holder.short)'s until "
                        + "\(lease.expiresMilliseconds) ms; it is \(time) ms")
            }
        } else {
            // Also for the last holder: others could have had it since, so what it ran may be running no more.
            lease.holder = node
            lease.fence &+= 1
            lease.takenSequence = sequence &+ 1
        }
        lease.expiresMilliseconds = expires
        lease.release = claim.release
        lease.ready = claim.ready
        lease.failed = claim.failed
        return lease
    }

    /// Only what the owner published as a machine may be leased: that also bounds the rows.
    private func check(_ claim: MachineClaim) throws(LedgerError) {
        guard let release = release(claim.release, of: claim.slot.name) else {
            throw LedgerError(
                .unknownRelease, "The name \(claim.slot.name) has no release \(claim.release); look at the ledger again"
            )
        }
        guard release.runsMachine else {
            throw LedgerError(
                .unsupported,
                "The release \(claim.release) of \(claim.slot.name) is of kind \(release.kind.rawValue) and asks for no machine"
            )
        }
    }

    private mutating func yield(_ slots: [MachineSlot], of node: NodeID, _ time: Int64) throws(LedgerError) {
        try check(slots)
        for slot in slots {
            guard var lease = machineLease(of: slot), lease.holder == node, lease.isHeld(at: time) else {
                throw LedgerError(
                    .notLeased, "The node \(node.short) does not have slot \(slot.slot) of \(slot.name)")
            }
            lease.expiresMilliseconds = time
            leaseTable.put(lease)
        }
    }

    private func check(_ slots: [MachineSlot]) throws(LedgerError) {
        guard (1...MachineLease.maxClaims).contains(slots.count) else {
            throw LedgerError(
                .tooLarge, "One transaction is about 1 to \(MachineLease.maxClaims) slots, not \(slots.count)")
        }
        guard zip(slots, slots.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw LedgerError(.malformed, "The slots are not in ascending order, each once")
        }
        guard let last = slots.first(where: { $0.slot >= MachineSlot.count }) else { return }
        throw LedgerError(
            .malformed, "\(last.name) has slots 0 to \(MachineSlot.count - 1), not \(last.slot)")
    }

    // MARK: Views

    /// The lease of a slot, also when it has ended; nil if it was never taken.
    public func machineLease(of slot: MachineSlot) -> MachineLease? { leaseTable[MachineLease.path(slot)] }

    /// The leases of an app, also those that have ended, in order of their slots.
    public func machineLeases(of name: AppName) -> [MachineLease] {
        guard leaseTable.count > 0 else { return [] }
        return (0..<MachineSlot.count).compactMap { machineLease(of: MachineSlot(name: name, slot: $0)) }
    }

    /// All leases, also those that have ended, in order of names and slots; sorts at each call.
    public var machineLeases: [MachineLease] { leaseTable.rows.sorted { $0.slot < $1.slot } }
}
