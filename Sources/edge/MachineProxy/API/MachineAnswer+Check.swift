public import Gateway

extension MachineAnswer {
    /// Whether an answer that came through another node is one that a message may hold: a status of 200 to 599, and
    /// fields that cannot end their line or say how the body is framed. Those of this node's machines always are. Fields
    /// of a tunnel are checked by the gateway.
    public var isSound: Bool {
        guard case .content(let answer) = self else { return true }
        return (200...599).contains(answer.status) && answer.contentLength ?? 0 >= 0
            && MachineAnswer.areSound(answer.fields)
    }

    /// Whether an interim answer that came through another node is one: a status of 102 to 199, and such fields.
    public static func isSoundInterim(_ status: Int, _ fields: [(name: String, value: String)]) -> Bool {
        (102...199).contains(status) && areSound(fields)
    }

    private static func areSound(_ fields: [(name: String, value: String)]) -> Bool {
        fields.allSatisfy { RequestEncoder.isField($0.name, $0.value) && $0.name == $0.name.lowercased() }
    }
}
