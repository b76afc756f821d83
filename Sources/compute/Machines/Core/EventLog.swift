/// What happened to a machine, the newest `limit` events.
struct EventLog: Sendable {
    /// Events that are kept of a machine.
    static let limit = 200

    private(set) var events: [MachineEvent]

    init(_ events: [MachineEvent] = []) { self.events = Array(events.suffix(Self.limit)) }

    /// Adds an event and returns it.
    mutating func add(_ kind: MachineEvent.Kind, _ reason: String, at time: Int64) -> MachineEvent {
        let event = MachineEvent(sequence: (events.last?.sequence ?? 0) + 1, at: time, kind: kind, reason: reason)
        events.append(event)
        if events.count > Self.limit { events.removeFirst(events.count - Self.limit) }
        return event
    }
}
