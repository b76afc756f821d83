/// One of the places of an app in which a machine runs; its lease says on which node.
public struct MachineSlot: Hashable, Sendable, Comparable {
    /// Slots of an app: as many copies as a release may ask for.
    public static let count = NewRelease.maxReplicas

    public var name: AppName
    /// 0 to ``count`` − 1.
    public var slot: UInt32

    public init(name: AppName, slot: UInt32) {
        self.name = name
        self.slot = slot
    }

    public static func < (left: MachineSlot, right: MachineSlot) -> Bool {
        left.name == right.name ? left.slot < right.slot : left.name < right.name
    }
}
