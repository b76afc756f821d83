import Foundation
import Testing

@testable import Machines

/// Real containers that go wrong: each has its own error and event, and a neighbour notices nothing.
@Suite(
    "Machines that go wrong", .serialized, .timeLimit(.minutes(2)), .enabled { await MachineLab.canRun() })
struct MachineFaultTests {
    /// A healthy machine beside the ones that misbehave.
    private func neighbour(_ lab: MachineLab) async throws -> MachineID {
        var spec = try MachineLab.spec("neighbour", "serve", "8080")
        spec.ports = [MachinePort(name: "web", number: 8_080)]
        let id = try await lab.run(spec)
        try await lab.supervisor.waitUntilHealthy(id, timeout: .seconds(20))
        return id
    }

    private func expectUnharmed(_ lab: MachineLab, _ id: MachineID) async throws {
        let status = try await lab.supervisor.status(id)
        #expect(status.state == .healthy && status.restarts == 0)
        let address = try #require(status.address)
        #expect(await Prober.ask(.http(port: 8_080, path: "/"), at: address, timeout: .seconds(10)) == nil)
    }

    @Test("A command that does not exist, or cannot be run")
    func commands() async throws {
        try await MachineLab.with { lab in
            var spec = try MachineLab.spec("missing")
            spec.entrypoint = ["/nothing"]
            let id = try await lab.run(spec)
            try await lab.wait(id, for: .stopped)
            #expect(try await lab.kinds(id).contains(.startFailed))
            #expect(try await lab.reasons(id).contains("machine/command-not-found: the image has no command /nothing"))

            try Data("text".utf8).write(to: URL(fileURLWithPath: lab.layer + "/text"))
            spec.id = try #require(MachineID("text"))
            spec.entrypoint = ["/text"]
            try await lab.run(spec)
            try await lab.wait(spec.id, for: .stopped)
            #expect(try await lab.reasons(spec.id).contains("machine/command-not-executable"))
        }
    }

    @Test("Out of memory is named, for the program itself and for its children")
    func memory() async throws {
        try await MachineLab.with { lab in
            let neighbour = try await neighbour(lab)
            let id = try await lab.run(try MachineLab.spec("hungry", "eat", memory: 32 << 20))
            try await lab.wait(id, for: .stopped)
            let exit = try #require(try await lab.supervisor.status(id).exit)
            #expect(exit.wasOutOfMemory && exit.signal == SIGKILL && "\(exit)" == "out of memory (ended by SIGKILL)")
            #expect(try await lab.kinds(id).contains(.outOfMemory))
            var child = try MachineLab.spec("child", "eat-in-child", memory: 32 << 20)
            child.ports = [MachinePort(name: "web", number: 8_080)]
            try await lab.run(child)
            try await lab.supervisor.waitUntilHealthy(child.id, timeout: .seconds(20))
            #expect(try #require(try await lab.supervisor.usage(child.id)).outOfMemoryKills == 1)
            #expect(try await lab.reasons(child.id).contains("out-of-memory: the kernel ended a process of it"))
            try await expectUnharmed(lab, neighbour)
        }
    }

    @Test("A fork bomb stays within its limit, and can be stopped")
    func forkBomb() async throws {
        try await MachineLab.with { lab in
            let neighbour = try await neighbour(lab)
            var spec = try MachineLab.spec("bomb", "bomb")
            spec.resources.cpuMillis = 200
            let id = try await lab.run(spec)
            try await lab.wait(id, for: .healthy)
            for _ in 0..<200 where try await lab.supervisor.usage(id)?.processes ?? 0 < 32 {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(try await lab.supervisor.usage(id)?.processes == 32)
            for _ in 0..<100 where !(try await lab.kinds(id).contains(.processLimit)) {
                try await Task.sleep(for: .milliseconds(50))
                _ = try await lab.supervisor.usage(id)
            }
            #expect(try await lab.kinds(id).contains(.processLimit))
            try await expectUnharmed(lab, neighbour)
            try await lab.supervisor.stop(id)
            #expect(try await lab.supervisor.status(id).state == .stopped)
        }
    }

    @Test("A full disk is the machine's own", arguments: ["/tmp/file", "/file"])
    func disk(path: String) async throws {
        try await MachineLab.with { lab in
            let neighbour = try await neighbour(lab)
            var spec = try MachineLab.spec("full", "fill", path, "and-stay")
            spec.resources.writableBytes = 8 << 20
            spec.resources.temporaryBytes = 8 << 20
            let id = try await lab.run(spec)
            #expect(try await lab.output(id, with: "after").contains("No space left on device"))
            for _ in 0..<2 { _ = try await lab.supervisor.usage(id) }
            let events = try await lab.supervisor.events(id, after: 0).filter { $0.kind == .diskFull }
            #expect(events.map(\.reason) == ["no room is left at \(path == "/file" ? "/" : "/tmp")"])
            try await expectUnharmed(lab, neighbour)
        }
    }

    @Test("A program that does not hear SIGTERM is killed at its deadline")
    func deaf() async throws {
        try await MachineLab.with { lab in
            var spec = try MachineLab.spec("deaf", "deaf")
            spec.stopTimeout = .milliseconds(300)
            let id = try await lab.run(spec)
            try await lab.wait(id, for: .healthy)
            let start = ContinuousClock.now
            try await lab.supervisor.stop(id)
            #expect(ContinuousClock.now - start >= .milliseconds(300))
            #expect(try await lab.supervisor.status(id).exit == MachineExit(signal: SIGKILL))
            #expect(try await lab.kinds(id).suffix(4) == [.stopping, .killed, .exited, .stopped])
        }
    }

    @Test("A port on which nothing listens, and a check that never passes")
    func unhealthy() async throws {
        try await MachineLab.with { lab in
            var spec = try MachineLab.spec("silent", "sleep")
            spec.health = MachineHealthCheck(.tcp(port: 81), interval: .milliseconds(50), grace: .milliseconds(400))
            try await lab.run(spec)
            try await lab.wait(spec.id, for: .stopped)
            #expect(try await lab.reasons(spec.id).contains("nothing listens on port 81"))
            #expect(try await lab.kinds(spec.id).contains(.unhealthy))
            await #expect(throws: MachineError.self) {
                try await lab.supervisor.waitUntilHealthy(spec.id, timeout: .seconds(1))
            }

            var sick = try MachineLab.spec("sick", "serve", "80", "500")
            sick.health = MachineHealthCheck(
                .http(port: 80, path: "/health"), interval: .milliseconds(50), grace: .milliseconds(400))
            try await lab.run(sick)
            try await lab.wait(sick.id, for: .stopped)
            #expect(try await lab.reasons(sick.id).contains("port 80 answers with status 500"))

            var asked = try MachineLab.spec("asked", "sleep")
            asked.health = MachineHealthCheck(
                .command(["/probe", "exit", "3"]), interval: .milliseconds(50), grace: .seconds(1))
            try await lab.run(asked)
            try await lab.wait(asked.id, for: .stopped)
            #expect(try await lab.reasons(asked.id).contains("/probe: exit code 3 (leaving with 3)"))
        }
    }

    @Test("A healthy machine that falls sick is started again")
    func fallsSick() async throws {
        try await MachineLab.with { lab in
            var spec = try MachineLab.spec("web", "serve", "80")
            spec.restart = .onFailure
            spec.health = MachineHealthCheck(.http(port: 80, path: "/"), interval: .milliseconds(50), threshold: 2)
            let id = try await lab.run(spec)
            try await lab.supervisor.waitUntilHealthy(id, timeout: .seconds(20))
            _ = try await lab.exec(id, MachineCommand(["/probe", "touch", "/tmp/sick"]))
            for _ in 0..<500 where try await lab.supervisor.status(id).restarts == 0 {
                try await Task.sleep(for: .milliseconds(20))
            }
            try await lab.wait(id, for: .healthy)
            #expect(
                try await lab.reasons(id).contains("2 health checks in a row failed: port 80 answers with status 503"))
        }
    }

    @Test("Ends in a row become a crash loop, which a start ends")
    func crashLoop() async throws {
        var core = MachineCore.Settings()
        core.firstBackOff = .milliseconds(10)
        core.crashLoopAfter = 3
        try await MachineLab.with(core: core) { lab in
            let neighbour = try await neighbour(lab)
            var spec = try MachineLab.spec("crash", "exit", "3")
            spec.restart = .always
            let id = try await lab.run(spec)
            try await lab.wait(id, for: .crashLoop)
            let status = try await lab.supervisor.status(id)
            #expect(status.restarts == 3 && status.exit == MachineExit(code: 3))
            #expect(try await lab.kinds(id).filter { $0 == .backOff }.count == 2)
            try await lab.supervisor.start(id)
            try await lab.wait(id, for: .crashLoop)
            try await expectUnharmed(lab, neighbour)
            try await lab.supervisor.stop(id)
            #expect(try await lab.supervisor.status(id).state == .stopped)
        }
    }

    @Test("A program that a signal ends says which")
    func signals() async throws {
        try await MachineLab.with { lab in
            let id = try await lab.run(try MachineLab.spec("broken", "segfault"))
            try await lab.wait(id, for: .stopped)
            let reasons = try await lab.reasons(id)
            #expect(try await lab.supervisor.status(id).exit?.signal == SIGSEGV, "\(reasons)")
            #expect(reasons.contains("exited: ended by SIGSEGV"), "\(reasons)")
        }
    }

    @Test("A holder that is killed takes nothing with it that stays: the machine is lost, removed and started again")
    func holderKilled() async throws {
        try await MachineLab.with { lab in
            let neighbour = try await neighbour(lab)
            var spec = try MachineLab.spec("held", "sleep")
            spec.restart = .always
            let id = try await lab.run(spec)
            try await lab.wait(id, for: .healthy)
            let first = try #require(await lab.supervisor.machines[id]?.program?.pid)
            await lab.supervisor.machines[id]?.holder?.send(SIGKILL)
            for _ in 0..<500 where try await lab.supervisor.status(id).restarts == 0 {
                try await Task.sleep(for: .milliseconds(20))
            }
            try await lab.wait(id, for: .healthy)
            for _ in 0..<500 where kill(first, 0) == 0 { try await Task.sleep(for: .milliseconds(20)) }
            #expect(kill(first, 0) != 0)
            #expect(try await lab.kinds(id).contains(.lost))
            try await expectUnharmed(lab, neighbour)
        }
    }

    @Test("What is missing on the host is said when it starts")
    func missingFiles() async throws {
        try await MachineLab.with { lab in
            var spec = try MachineLab.spec("unmounted", "sleep")
            spec.mounts = [MachineMount(source: lab.folder + "/nothing", target: "/data")]
            try await lab.run(spec)
            try await lab.wait(spec.id, for: .stopped)
            #expect(try await lab.reasons(spec.id).contains("machine/missing-file: the folder"))
        }
    }
}
