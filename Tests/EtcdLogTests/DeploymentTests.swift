import EtcdLog
import Foundation
import Ledger
import LedgerLog
import Testing

/// The recipe in `deploy/etcd`, followed on loopback: its certificates, its roles, three members.
@Suite(.enabled(if: EtcdFixture.isInstalled && EtcdFixture.hasTools, EtcdFixture.missing), .timeLimit(.minutes(2)))
struct DeploymentTests {
    private static let recipe = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "deploy/etcd").path

    private func run(_ script: String, _ arguments: [String], _ environment: [String: String] = [:]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "\(Self.recipe)/\(script)")
        process.arguments = arguments
        process.environment = environment.merging(["PATH": "/usr/bin:/bin"]) { first, _ in first }
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure("\(script) \(arguments): \(text)") }
        return text
    }

    private func certificates(_ clients: [String]) throws -> EtcdFixture.TLS {
        let folder = NSTemporaryDirectory() + "/skerry-certificates-\(UUID().uuidString)"
        _ = try run("make-certificates", [folder, "ca"])
        _ = try run("make-certificates", [folder, "member", "member", "127.0.0.1", "localhost"])
        for client in clients { _ = try run("make-certificates", [folder, "client", client]) }
        return EtcdFixture.TLS(folder: folder)
    }

    @Test func onlyTheRightCertificatesReadAndWrite() async throws {
        let tls = try certificates(["root", "sequencer", "reader", "stranger"])
        let forged = try certificates(["sequencer"])
        defer { for folder in [tls.folder, forged.folder] { try? FileManager.default.removeItem(atPath: folder) } }
        #expect(throws: Failure.self) { try run("make-certificates", [tls.folder, "ca"]) }
        #expect(throws: Failure.self) { try run("make-certificates", [tls.folder, "client", "reader"]) }
        #expect(throws: Failure.self) { try run("make-certificates", [tls.folder, "client", "a/b"]) }
        try await EtcdFixture.run(3, tls: tls) { etcd in
            let start = try Chain()
            let environment = try etcd.environment("root")
            _ = try run("grant-roles", ["network", "\(start.network)"], environment)
            _ = try run("grant-roles", ["network", "\(Chain(2).network)"], environment)
            _ = try run("grant-roles", ["user", "sequencer", "sequencer", "\(start.network)"], environment)
            _ = try run("grant-roles", ["user", "reader", "reader", "\(start.network)"], environment)
            _ = try run("grant-roles", ["user", "reader", "reader", "\(start.network)"], environment)

            let sequencer = try etcd.ledger(start)
            let reader = try etcd.ledger(start, node: 2, cluster: etcd.cluster(client: "reader"))
            try await leading(sequencer) { _ in
                var chain = start
                var hints = reader.log.wakeUps().makeAsyncIterator()
                var entries: [Entry] = []
                for text in ["a", "b", "c"] {
                    entries.append(try chain.next(text))
                    try await sequencer.log.append(LogRecord(entries[entries.count - 1]))
                    _ = await hints.next()
                }
                #expect(try await everything(reader.log) == entries)
                // It stands for election, but etcd lets it not.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await reader.leadership.run() }
                    try await wait(reader, for: .following(Chain.node(1)))
                    group.cancelAll()
                }
                #expect(await code { try await reader.log.truncate(to: chain.base(entries[1])) } == .appendFailed)
                try await sequencer.log.truncate(to: chain.base(entries[1]))
                #expect(await code { _ = try await reader.log.entries(from: 2, limit: 1, byteLimit: 1) } == .truncated)
                try await refusals(etcd, start, forged)
                _ = try run("grant-roles", ["revoke", "reader"], environment)
                #expect(await code { _ = try await reader.log.head() } == .engineRefused)
            }
            try await reader.close()
            try await sequencer.close()
        }
    }

    /// Who must not read anything.
    private func refusals(_ etcd: EtcdFixture, _ chain: Chain, _ forged: EtcdFixture.TLS) async throws {
        let stranger = try etcd.ledger(chain, node: 3, cluster: etcd.cluster(client: "stranger"))
        #expect(await code { _ = try await stranger.log.head() } == .engineRefused)
        try await stranger.close()
        var elsewhere = try etcd.ledger(Chain(3), node: 3, cluster: etcd.cluster(client: "reader"))
        #expect(await code { _ = try await elsewhere.log.head() } == .engineRefused)
        try await elsewhere.close()
        for files in [forged.client("sequencer"), nil] {
            var cluster = try etcd.cluster()
            cluster.tls = files
            cluster.patience = .milliseconds(500)
            elsewhere = try etcd.ledger(chain, node: 3, cluster: cluster)
            #expect(await code { _ = try await elsewhere.log.head() } == .unavailable)
            try await elsewhere.close()
        }
    }
}
