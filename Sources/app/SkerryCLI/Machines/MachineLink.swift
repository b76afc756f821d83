import Client
import ControlModel
import Foundation
import Identity

/// One machine, and whose orders it gets.
struct MachineLink: Sendable {
    let client: NodeClient
    let key: SigningKey
    let app: String
    let slot: UInt32
    /// The node that has the slot.
    let node: String

    func order(_ action: MachineOrder.Action) async throws -> MachineOrderAnswer {
        try await client.order(action, app: app, slot: slot, at: node, key: key)
    }
}

/// A command or a copy in a machine, from its user's side.
struct MachineSessionLink: Sendable {
    /// How long one order may wait, in milliseconds.
    private static let wait = 15_000

    private let link: MachineLink
    private let id: String

    /// Begins what `action` says: a command or a copy.
    init(_ action: MachineOrder.Action, on link: MachineLink) async throws {
        guard let output = try await link.order(action).output else {
            throw CommandError("The node did not begin what it was asked for; update it")
        }
        self.link = link
        id = output.session
    }

    /// Gives it input; returns when all is taken. False if it takes no more.
    func give(_ bytes: Data) async throws -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = Data(rest.prefix(MachineOrder.maxInputBytes))
            let answer = try await input(part, ends: false)
            guard answer.isOpen else { return false }
            rest = rest.dropFirst(answer.takenBytes)
        }
        return true
    }

    /// There is no more input.
    func endInput() async throws { while try await input(Data(), ends: true).isOpen {} }

    private func input(_ bytes: Data, ends: Bool) async throws -> MachineOrderAnswer.Input {
        do {
            let action = MachineOrder.Action.input(
                session: id, bytes: bytes, ends: ends, waitMillis: MachineSessionLink.wait)
            guard let input = try await link.order(action).input else {
                throw CommandError("The node did not say whether it took the input; update it")
            }
            return input
        } catch let failure as ControlFailure where failure.code == "machine/no-session" {
            // It has ended, as whoever reads its output hears.
            return .init(takenBytes: 0, isOpen: false)
        }
    }

    /// Hands on what it writes, until it ends; how it ended.
    func read(_ take: (MachineOrderAnswer.Output) throws -> Void) async throws -> MachineOrderAnswer.Output {
        while true {
            guard
                let output = try await link.order(.output(session: id, waitMillis: MachineSessionLink.wait)).output
            else { throw CommandError("The node did not say what the command did; update it") }
            try take(output)
            if output.end != nil { return output }
        }
    }

    func resize(_ size: (columns: UInt16, rows: UInt16)) async throws {
        do {
            _ = try await link.order(.resize(session: id, columns: size.columns, rows: size.rows))
        } catch let failure as ControlFailure where failure.code == "machine/no-session" {}
    }

    /// Ends it; nothing if it has ended.
    func hangUp() async { _ = try? await link.order(.hangUp(session: id)) }
}
