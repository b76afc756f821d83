/// What a `VirtualNetwork` hands to the simulation, one at a time.
package enum NetworkEvent<Message, Timer> {
    /// A message arrived at `to`, which runs.
    case delivered(Message, from: Int, to: Int)
    /// A timer of `node` (or of `VirtualNetwork.observer`) is due.
    case timer(Timer, node: Int)
    /// `node` stops. One that leaves in order may still send while this event is handled; one that crashed may not.
    case stopped(Int, inOrder: Bool)
    /// `node` runs again; `fresh`: without what it stored and knew.
    case returned(Int, fresh: Bool)
}
