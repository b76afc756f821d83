import Foundation
import Testing

@Suite("The doctor on the command line")
struct CliDoctorTests {
    private struct Report: Decodable {
        struct Check: Decodable {
            var name: String
            var state: String
            var detail: String
        }
        struct Layer: Decodable {
            var name: String
            var active: Bool
            var reason: String?
        }
        var canRun: Bool
        var checks: [Check]
        var layers: [Layer]

        func state(_ name: String) -> String? { checks.first { $0.name == name }?.state }
    }

    private func withFolder(_ body: (TestNetwork) async throws -> Void) async throws {
        let folder = try TestNetwork()
        defer { try? FileManager.default.removeItem(atPath: folder.folder) }
        try await body(folder)
    }

    @Test("It reports what a real worker has, and leaves nothing behind")
    func report() async throws {
        try await withFolder { network in
            let result = try await network.run(["doctor", "--json", "--data", network.folder + "/not/yet"])
            let report: Report = try result.json()
            #expect(report.canRun == (result.status == 0))
            #expect(report.state("worker") == "ok")
            #expect(report.state("disk") != nil)
            #expect(report.state("fsync") != nil)
            #expect(report.layers.first { $0.name == "seccomp" }?.active == true)
            for layer in report.layers { #expect(layer.active == (layer.reason == nil), "\(layer.name)") }
            // Whether it runs machines, and each thing that this needs or lacks.
            let machines = report.checks.filter { $0.name.hasPrefix("machines: ") }
            #expect(!machines.isEmpty && machines.allSatisfy { !$0.detail.isEmpty })
            if report.state("machines") == "warning" {
                #expect(machines.contains { $0.state == "warning" }, "it says what is missing")
            } else {
                #expect(report.state("machines") == "ok")
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: network.folder)
            #expect(!left.contains { $0.contains("doctor") || $0 == "not" })
        }
    }

    @Test(
        "Workers of a node that is not root's have all layers that need no root",
        .enabled(if: geteuid() == 0 && access(TestNetwork.setpriv, X_OK) == 0))
    func otherUser() async throws {
        try await withFolder { network in
            let arguments = ["doctor", "--json", "--data", network.folder + "/not/yet"]
            let own: Report = try await network.run(arguments).json()
            let result = try await network.run(arguments, user: 12_345)
            // Programs in a folder of root's own are nobody else's to start.
            if result.output.isEmpty { return }
            let report: Report = try result.json()
            let needRoot = ["own-user", "memory-cgroup", "cpu-cgroup", "pids-cgroup"]
            let active = report.layers.filter(\.active).map(\.name)
            guard active.contains("user-namespace") else { return }
            let wanted = own.layers.filter { $0.active && !needRoot.contains($0.name) }.map(\.name)
            #expect(Set(wanted).subtracting(active).isEmpty, "\(result.output)")
        }
    }

    @Test("Without a worker it says so and fails")
    func noWorker() async throws {
        try await withFolder { network in
            let result = try await network.run(["doctor", "--json", "--worker", "/nonexistent/skerry-worker"])
            #expect(result.status == 1)
            let report: Report = try result.json()
            #expect(!report.canRun)
            #expect(report.state("worker") == "failed")
            #expect(report.layers.isEmpty)
            let text = try await network.run(["doctor", "--worker", "/nonexistent/skerry-worker"])
            #expect(text.status == 1)
            #expect(text.output.contains("A node cannot run here"))
        }
    }
}
