import CSandbox
import Foundation
import Testing
import WorkerProtocol

@testable import Functions

@Suite struct WorkerZygoteTests {
    private static let module = "export default { fetch() { return new Response('ok'); } };"

    @Test func workersForkFromAProcessThatGoesWithThePool() async throws {
        var zygote: pid_t?
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            #expect(try await fixture.call(Self.module).text == "ok")
            zygote = fixture.pool.launcher.zygote?.pid
            let worker = try #require(fixture.pool.workerProcesses.first)
            #expect(worker != zygote)
            let arguments = FileManager.default.contents(atPath: "/proc/\(worker)/cmdline") ?? Data()
            #expect(String(decoding: arguments, as: UTF8.self).contains(WorkerExitCode.zygoteFlag))
            // Ours to wait for, as one that was started as a program.
            let status = FileManager.default.contents(atPath: "/proc/\(worker)/stat") ?? Data()
            let parent = String(decoding: status, as: UTF8.self).split(separator: ")").last?.split(separator: " ")
            #expect(parent.map { Int32($0[1]) } == getpid())
        }
        #expect(kill(try #require(zygote), 0) != 0)
    }

    @Test func theirHeapsAndTheirCodeLieInDifferentPlaces() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            for text in ["a", "b", "c"] {
                let module = "export default { fetch() { return new Response('\(text)'); } };"
                #expect(try await fixture.call(module).text == text)
            }
            let workers = fixture.pool.workerProcesses
            #expect(workers.count >= 3)
            // Root alone may read them.
            let maps = workers.compactMap { FileManager.default.contents(atPath: "/proc/\($0)/maps") }
                .map { String(decoding: $0, as: UTF8.self).split(separator: "\n") }.filter { !$0.isEmpty }
            let code = maps.compactMap { $0.first { $0.contains(" rwxp ") }?.prefix { $0 != " " } }
            if geteuid() == 0 { #expect(code.count >= 3) }
            #expect(Set(code).count == code.count, "\(code)")
        }
    }

    @Test func withoutItWorkersAreStartedAsPrograms() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            #expect(try await fixture.call(Self.module).text == "ok")
            let launcher = fixture.pool.launcher
            kill(try #require(launcher.zygote?.pid), SIGKILL)
            let launched = try launcher.launch()
            defer {
                close(launched.socket)
                _ = skerry_reap(launched.pid)
                launched.cgroup.remove()
            }
            #expect(launcher.zygote?.pid == nil)
            let arguments = FileManager.default.contents(atPath: "/proc/\(launched.pid)/cmdline") ?? Data()
            #expect(!String(decoding: arguments, as: UTF8.self).contains(WorkerExitCode.zygoteFlag))
            // One that has made workers is worth another try.
            let next = try launcher.launch()
            defer {
                close(next.socket)
                _ = skerry_reap(next.pid)
                next.cgroup.remove()
            }
            #expect(launcher.zygote?.pid != nil)
        }
    }
}
