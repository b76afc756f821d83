import Foundation
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What `skerry machines` says.
struct MachineApp: Decodable {
    struct Machine: Decodable {
        var slot: UInt32
        var node: String?
        var release: String
        var state: String
        var reason: String
        var fence: UInt64
        var startedMilliseconds: Int64?
    }

    struct Gate: Decodable {
        var node: String
        var host: String?
        var port: String
        var number: Int?
        var reason: String
    }

    struct Trial: Decodable {
        var release: String
        var target: String?
        var slots: [UInt32]
    }

    var app: String
    var live: String
    var target: String?
    var machines: [Machine]
    var trial: Trial?
    var gates: [Gate]?
    var previews: [Machine]?
}

struct MachineApps: Decodable {
    struct Host: Decodable { var node: String }
    var apps: [MachineApp]
    var hosts: [Host]
}

/// Networks whose nodes run machines.
extension TestNetwork {
    /// The folder of this package.
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The nodes' leases, in milliseconds.
    static let machineLease = 3_000

    /// Runs `body` with a network whose nodes run machines; says why if they cannot.
    static func withMachines(nodes: Int, _ body: (TestNetwork) async throws -> Void) async throws {
        guard geteuid() == 0 else { return print("skipped: machines need a node that runs as root") }
        try await with(nodes: nodes, options: ["--machine-lease", "\(machineLease)"]) { network in
            var hosts = 0
            for _ in 0..<150 where hosts < nodes {
                hosts = try await network.machines().hosts.count
                if hosts < nodes { try await Task.sleep(for: .milliseconds(200)) }
            }
            guard hosts == nodes else {
                let doctor = try await network.run(["doctor"])
                return print("skipped: this host runs no machines: \(doctor.output)\(doctor.errors)")
            }
            try network.buildMachineImage()
            try await body(network)
        }
    }

    /// Builds the test's server and packs it, into `image`.
    private func buildMachineImage() throws {
        try tool(
            "/usr/bin/gcc",
            ["-static", "-O2", "-o", folder + "/server", TestNetwork.package + "/Tests/Support/MachineServer/server.c"])
        try tool(
            TestNetwork.package + "/tools/pack-image",
            [folder + "/server", folder + "/image", "--entrypoint", "/bin/server", "--dir", "/data:0777"])
    }

    /// Runs a program that must succeed; what it wrote.
    @discardableResult
    func tool(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = folder + "/tool-\(UUID().uuidString)"
        try Data().write(to: URL(fileURLWithPath: output))
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: output)
        try process.run()
        process.waitUntilExit()
        let text = try String(contentsOfFile: output, encoding: .utf8)
        try #require(process.terminationStatus == 0, "\(path): \(text)")
        return text
    }

    func machines(node: Int = 1) async throws -> MachineApps {
        try await expectSuccess("machines", "list", "--json", "--node", "\(node)").json()
    }

    func machines(of app: String) async throws -> MachineApp {
        try await expectSuccess("machines", "status", app, "--json").json()
    }
}

/// Set once, read by many tasks.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() { value.store(true, ordering: .releasing) }
}
