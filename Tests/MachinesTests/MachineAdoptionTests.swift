import Foundation
import Logging
import Testing

@testable import Machines

/// What happens to machines when their node is killed and comes back.
@Suite(
    "Machines whose node was killed", .serialized, .timeLimit(.minutes(2)), .enabled { await MachineLab.canRun() })
struct MachineAdoptionTests {
    private func open(_ folder: String) async throws -> MachineSupervisor {
        try await MachineSupervisor.open(
            MachineSupervisor.Configuration(folder: folder), host: await MachineLab.host(),
            logger: Logger(label: "machines") { _ in SwiftLogNoOpLogHandler() })
    }

    private func address(_ folder: String, _ id: String) throws -> String {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(id)/run.json"))
        return try JSONDecoder().decode(MachineStore.Run.self, from: data).lease.address
    }

    private func pid(_ folder: String, _ id: String) throws -> pid_t {
        try #require(pid_t(try String(contentsOfFile: "\(folder)/\(id)/pid", encoding: .utf8).filter(\.isNumber)))
    }

    @Test("With policy adopt they go on, answer meanwhile, are adopted, and can be stopped")
    func adopt() async throws {
        try await MachineLab.with { lab in
            var other = lab
            let folder = lab.folder + "/other"
            try await lab.runAndKill(in: folder, orphan: "adopt", ["one", "two"])
            let before = try pid(folder, "one")
            let address = try address(folder, "one")
            #expect(await Prober.ask(.http(port: 8_080, path: "/"), at: address, timeout: .seconds(5)) == nil)
            // One of them ends while nobody looks.
            kill(try pid(folder, "two"), SIGTERM)
            for _ in 0..<500 where !FileManager.default.fileExists(atPath: folder + "/two/exit") {
                try await Task.sleep(for: .milliseconds(20))
            }
            other.supervisor = try await open(folder)
            let one = try #require(MachineID("one")), two = try #require(MachineID("two"))
            try await other.wait(one, for: .healthy)
            try await other.wait(two, for: .healthy)
            #expect(try pid(folder, "one") == before)
            let status = try await other.supervisor.status(one)
            #expect(status.address == address && status.restarts == 0)
            #expect(try await other.kinds(one).contains(.adopted))
            #expect(try await other.reasons(two).contains("exited: exit code 0, while its node was away"))
            #expect(try await other.output(one).contains("listening"))
            let (text, _) = try await other.exec(one, MachineCommand(["/probe", "environment"]))
            #expect(text.contains("host one"))
            try await other.supervisor.stop(one)
            #expect(try await other.supervisor.status(one).exit == MachineExit(code: 0))
            try await end(other)
        }
    }

    @Test("With policy end they are ended when the node is back, and started anew")
    func end() async throws {
        try await MachineLab.with { lab in
            var other = lab
            let folder = lab.folder + "/other"
            try await lab.runAndKill(in: folder, orphan: "end", ["one"])
            let before = try pid(folder, "one")
            other.supervisor = try await open(folder)
            let id = try #require(MachineID("one"))
            for _ in 0..<500 where kill(before, 0) == 0 { try await Task.sleep(for: .milliseconds(20)) }
            try await other.wait(id, for: .healthy)
            #expect(try pid(folder, "one") != before)
            try await end(other)
        }
    }

    @Test("A record that was removed takes its container with it, and a killed holder's is removed too")
    func orphans() async throws {
        try await MachineLab.with { lab in
            var other = lab
            let folder = lab.folder + "/other"
            try await lab.runAndKill(in: folder, orphan: "adopt", ["gone", "stays"])
            let gone = try pid(folder, "gone"), stays = try pid(folder, "stays")
            try FileManager.default.removeItem(atPath: folder + "/gone/machine.json")
            let holder = try String(contentsOfFile: folder + "/stays/holder.lock", encoding: .utf8).filter(\.isNumber)
            kill(try #require(pid_t(holder)), SIGKILL)
            other.supervisor = try await open(folder)
            for _ in 0..<500 where kill(gone, 0) == 0 || kill(stays, 0) == 0 {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(kill(gone, 0) != 0 && kill(stays, 0) != 0)
            try await other.wait(try #require(MachineID("stays")), for: .healthy)
            try await end(other)
        }
    }

    private func end(_ other: MachineLab) async throws {
        for status in await other.supervisor.list() { try await other.supervisor.destroy(status.id) }
        let key = await other.supervisor.names.key
        await other.supervisor.close()
        #expect(MachineLab.leftovers(key).isEmpty)
    }
}
