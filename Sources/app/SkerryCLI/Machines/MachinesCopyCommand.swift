import ArgumentParser
import ControlModel
import Foundation
import Ledger
import Machines

struct MachinesCopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cp", abstract: "Copy files between this computer and a machine.",
        discussion: """
            One of FROM and TO is APP:PATH, a path in a machine of the app; the other one is here. Folders are copied \
            with all that is in them: content, permissions, times, and links as links. If TO is a folder the copy is \
            made in it, else it gets that name. Files in the machine are read and written with the rights of the \
            machine's user.
            """)

    @Argument(help: "What is copied.", completion: .file())
    var from: String

    @Argument(help: "Where to.", completion: .file())
    var to: String

    @OptionGroup var place: MachinePlaceOptions

    func run() async throws {
        switch (try MachinePath(from), try MachinePath(to)) {
        case (nil, let machine?):
            let session = try await MachineSessionLink(
                .copyIn(path: machine.path), on: try await place.one(machine.app))
            try await send(from, to: session)
        case (let machine?, nil):
            let target = try CopyTarget(path: to)
            let session = try await MachineSessionLink(
                .copyOut(path: machine.path), on: try await place.one(machine.app))
            try await receive(target, from: session)
        default: throw ValidationError("One of FROM and TO is APP:PATH, and the other one is a path on this computer")
        }
    }

    private func send(_ path: String, to session: MachineSessionLink) async throws {
        let end = try await withThrowingTaskGroup(of: MachineOrderAnswer.Output?.self) { group in
            group.addTask {
                do {
                    try await CopySource.send(path) { try await session.give(Data($0)) }
                } catch {
                    await session.hangUp()
                    throw error
                }
                try await session.endInput()
                return nil
            }
            group.addTask {
                try await session.read { MachinesCopyCommand.tell($0) }
            }
            defer { group.cancelAll() }
            var end: MachineOrderAnswer.Output?
            while let result = try await group.next() {
                if let result {
                    end = result
                    group.cancelAll()
                    break
                }
            }
            return end
        }
        try check(end)
    }

    private func receive(_ target: CopyTarget, from session: MachineSessionLink) async throws {
        let end: MachineOrderAnswer.Output
        do {
            end = try await session.read { output in
                MachinesCopyCommand.tell(output)
                try target.take(output.stdout)
            }
        } catch {
            await session.hangUp()
            throw error
        }
        try check(end)
        try target.finish()
    }

    private static func tell(_ output: MachineOrderAnswer.Output) {
        let text = String(decoding: output.stderr, as: UTF8.self)
        for line in text.split(separator: "\n") { Terminal.note("note: \(Terminal.safe(String(line)))") }
    }

    private func check(_ end: MachineOrderAnswer.Output?) throws {
        guard end?.exitCode == 0 else {
            throw CommandError("Not everything was copied; what was wrong stands above (\(end?.end ?? "no answer"))")
        }
    }
}

/// `APP:PATH`, a path in a machine.
private struct MachinePath {
    let app: AppName
    let path: String

    /// Nil for a path on this computer: one without a colon, or with a slash or a point before it.
    init?(_ text: String) throws {
        guard let colon = text.firstIndex(of: ":"), let first = text.first, first != "/", first != "." else {
            return nil
        }
        let name = String(text[..<colon])
        guard !name.contains("/") else { return nil }
        guard let app = AppName(name) else {
            throw ValidationError("\"\(name)\" is no app's name; write ./\(text) if that is a file here")
        }
        let path = String(text[text.index(after: colon)...])
        guard !path.isEmpty else { throw ValidationError("Say which path in the machine: \(name):/…") }
        self.app = app
        self.path = path
    }
}
