public import Blake3
public import Foundation
public import Identity

/// What a transaction asks for.
public enum LedgerAction: Hashable, Sendable {
    // MARK: Nodes

    /// The signing account brings in a node that it operates. `possessionProof` is the node key's signature made by
    /// ``NodePossession``, so that nobody registers a key of somebody else. `admissionEvidence` is opaque, at most
    /// ``NodeRecord/maxAdmissionEvidenceBytes``; the ledger keeps its BLAKE3 digest.
    case registerNode(
        publicKey: PublicKey, peer: Endpoint, gateway: Endpoint?, possessionProof: Data,
        capacity: NodeCapacity = NodeCapacity(), admissionEvidence: Data = Data())
    /// The node itself or its operator replaces both of its endpoints, and its capacity if one is given.
    case updateNode(NodeID, peer: Endpoint, gateway: Endpoint?, capacity: NodeCapacity? = nil)
    /// The operator puts units of its balance at stake for the node.
    case stake(NodeID, amount: UInt64)
    /// The operator takes units out of the stake; they are locked for some epochs.
    case unstake(NodeID, amount: UInt64)
    /// The operator gets back what is no longer locked.
    case withdrawUnstaked(NodeID)
    /// The node itself or its operator makes it take part.
    case optIn(NodeID)
    /// The node itself or its operator makes it leave.
    case optOut(NodeID)

    // MARK: Units

    /// The signing account gives units away; an account that does not exist begins with them.
    case transfer(to: AccountID, amount: UInt64)
    /// A governor makes units out of nothing, on development networks only.
    case mint(to: AccountID, amount: UInt64)

    // MARK: Names

    /// The signing account becomes the owner of a name that has none.
    case claimName(AppName)
    /// The owner gives a name away. Its releases and the live one stay.
    case transferName(AppName, to: AccountID)
    /// The owner adds a release to a name; it is not live until it is promoted.
    case publishRelease(AppName, NewRelease)
    /// The owner makes a release of the name live, for `percent` (1 to 100) of its visitors.
    case promoteRelease(AppName, ReleaseID, percent: UInt8)
    /// The owner takes back the release that only some visitors get; if there is none, goes back to `to`, or else to
    /// the release that was live before the present one. Repeated, it goes back further.
    case rollBack(AppName, to: ReleaseID?)
    /// The owner of the name binds a domain to it; without a name, the owner of the binding removes it.
    case bindDomain(DomainName, to: AppName?)

    // MARK: Channels

    /// The signing account opens a channel to a node and puts its deposit into escrow.
    case openChannel(NewChannel)
    /// The payee node or its operator cashes what payers acknowledged: all that still pays, or nothing. `proof` is the
    /// one proof of all settlements in the proof lane, which the payee node signs; empty without them.
    case settleChannels([Settlement], proof: Data = Data())
    /// The payer or the payee ends a channel.
    case closeChannel(ChannelID)

    // MARK: Epochs and verification

    /// A node says what it measured of the nodes that the epoch assigned to it.
    case reportMeasurements(epoch: UInt64, [Observation])
    /// A node commits to its share of the next seed.
    case beaconCommit(epoch: UInt64, round: UInt32, commitment: Digest)
    /// A node reveals its share.
    case beaconReveal(epoch: UInt64, round: UInt32, reveal: Digest)
    /// Ends the epoch, or its beacon's round, when the time has come; any participating node may say so.
    case advanceEpoch(epoch: UInt64, round: UInt32)
    /// A node brings a committee's certificate onto the ledger.
    case recordCertificate(Certificate)
    /// Anybody proves that a node signed what contradicts itself.
    case submitFault(FaultEvidence)
    /// A participating node says whether a receipt of `subject` gave the same result when it ran it again.
    case submitAudit(subject: NodeID, receipt: Digest, matches: Bool, result: Digest)

    // MARK: Machines

    /// The signing node takes leases of slots, or renews its own, for `termMilliseconds` from the entry's time on: all
    /// of them or none. See ``MachineLease``.
    case leaseMachines(termMilliseconds: UInt64, [MachineClaim])
    /// The signing node gives leases back before they end.
    case yieldMachines([MachineSlot])

    // MARK: Parameters

    /// A governor changes a parameter or the list of who may come in.
    case changeParameter(ParameterChange)
}
