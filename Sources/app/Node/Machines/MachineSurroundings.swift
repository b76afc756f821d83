import Foundation
import Identity
import Ledger
import Machines
import Manifests
import Wire

/// All that a ``MachineKeeper`` does to the world, so that tests can stand in for it.
struct MachineSurroundings: Sendable {
    var node: NodeID
    /// The ledger as this node has it.
    var state: @Sendable () -> LedgerState
    /// Brings a transaction of this node onto the ledger, and returns when this node has applied it.
    var submit: @Sendable (LedgerAction) async throws -> Void
    /// Whether a node is believed alive.
    var isUsable: @Sendable (NodeID) -> Bool
    /// The containers of this host.
    var control: any MachineControl
    /// The manifest of a release, fetched if need be.
    var manifest: @Sendable (ReleaseRecord) async throws -> MachineManifest
    /// Fetches and unpacks an image, and keeps it for a holder (a container's id) until that lets go.
    var image: @Sendable (MachineManifest, String) async throws -> MachineImage
    /// Lets go of an image, and of what else was kept for a container.
    var release: @Sendable (String) async -> Void
    /// Who holds images, also from before this node was started.
    var holders: @Sendable () async -> Set<String>
    /// Values of an app's secrets by name, and what tells them from others of the same secrets.
    var secrets: @Sendable ([String], AppName) async throws -> (values: [String: String], stamp: String)
    /// The folders for a slot's volumes, made if need be, for a machine under the lease with a fence; 0 for a preview.
    var volumes: @Sendable (MachineSlot, MachineManifest, UInt64) async throws -> [MachineMount]
    /// Removes the volumes of a preview's slot.
    var dropVolumes: @Sendable (MachineSlot, MachineManifest) async -> Void = { _, _ in }
    /// Removes the volumes of all previews: nothing of them runs.
    var dropPreviews: @Sendable () async -> Void = {}
    /// Tells the container's guard until when it may run, in milliseconds of the clock ``now``; the guard sees it within a
    /// second.
    var limit: @Sendable (MachineID, Int64) throws -> Void
    /// Where that is kept, for the container's spec; nil where nobody guards.
    var limitPath: @Sendable (MachineID) -> String?
    /// Tells all other nodes of this node's machines.
    var announce: @Sendable (PeerPBAnnounceMachines) async -> Void
    /// Milliseconds since the host started, those that it slept too.
    var now: @Sendable () -> Int64
    /// Milliseconds since 1970.
    var wallTime: @Sendable () -> Int64
    /// Where machines reach the gateway; nil where they do not.
    var entrance: MachineEntrance?
    /// Whether a slot has volumes on this node, or nobody knows.
    var hasVolumes: @Sendable (MachineSlot) async -> Bool = { _ in false }
}
