/// What a node says of a slot whose lease it takes or renews.
public struct MachineClaim: Hashable, Sendable {
    public var slot: MachineSlot
    /// The release that runs in the slot, or will.
    public var release: ReleaseID
    /// The release that is healthy beside it and waits for the switch; nil for none.
    public var ready: ReleaseID?
    /// The newest release that did not become healthy in the slot; nil for none.
    public var failed: ReleaseID?

    public init(slot: MachineSlot, release: ReleaseID, ready: ReleaseID? = nil, failed: ReleaseID? = nil) {
        self.slot = slot
        self.release = release
        self.ready = ready
        self.failed = failed
    }
}
