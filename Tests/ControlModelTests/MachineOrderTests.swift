import ControlModel
import Foundation
import Identity
import Testing

@Suite struct MachineOrderTests {
    private static func order(_ action: MachineOrder.Action) -> MachineOrder {
        MachineOrder(network: "n", app: "db", slot: 2, node: "a", time: 7, nonce: "x", action: action)
    }

    private static let actions: [MachineOrder.Action] = [
        .stop, .start, .restart, .events(after: 3), .logs(after: 4, tail: 5, waitMillis: 6),
        .exec(["ls", "-l"], columns: 80, rows: 24), .exec(["ls"], columns: nil, rows: nil),
        .copyIn(path: "/data"), .copyOut(path: "/data/ä"),
        .input(session: "s", bytes: Data([0, 255]), ends: true, waitMillis: 9), .output(session: "s", waitMillis: 9),
        .resize(session: "s", columns: 80, rows: 24),
        .hangUp(session: "s"),
    ]

    @Test(arguments: actions) func anOrderComesBackWithItsSigner(action: MachineOrder.Action) throws {
        let key = SigningKey()
        let read = try MachineOrder.read(try Self.order(action).signed(by: key))
        #expect(read.order == Self.order(action) && read.account == key.publicKey.account)
    }

    @Test func aChangedOrderIsRefused() throws {
        let signed = try Self.order(.stop).signed(by: SigningKey())
        var parts = try #require(try JSONSerialization.jsonObject(with: signed) as? [String: String])
        for part in ["order", "signature"] {
            let before = try #require(parts[part])
            let bytes = try #require(Data(base64Encoded: before))
            for index in stride(from: 0, to: bytes.count, by: 3) {
                var changed = bytes
                changed[index] ^= 1
                parts[part] = changed.base64EncodedString()
                let other = try JSONSerialization.data(withJSONObject: parts)
                #expect(throws: ControlFailure.self) { try MachineOrder.read(other) }
            }
            parts[part] = before
        }
        #expect(throws: ControlFailure.self) { try MachineOrder.read(Data()) }
    }

    @Test func theLimitHolds() throws {
        func signed(_ count: Int) throws -> Data {
            try Self.order(.input(session: "s", bytes: Data(repeating: 255, count: count), ends: false, waitMillis: 0))
                .signed(by: SigningKey())
        }
        #expect(throws: Never.self) { try MachineOrder.read(try signed(MachineOrder.maxInputBytes)) }
        let large = try signed(MachineOrder.maxByteCount)
        #expect { try MachineOrder.read(large) } throws: { ($0 as? ControlFailure)?.status == 413 }
    }
}
