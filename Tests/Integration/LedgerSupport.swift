import AsyncHTTPClient
import ControlModel
import Foundation
import NIOCore
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension TestNetwork {
    /// Runs `body` with a network that `skerry up` makes with these arguments.
    ///
    /// - Parameter settings: Put into each node's `ledger` settings before the nodes run.
    static func withLedger(
        _ arguments: [String], settings: [String: Int] = [:], _ body: (TestNetwork) async throws -> Void
    ) async throws {
        let network = try TestNetwork()
        do {
            let result = try await network.run(["up", "--detach"] + arguments)
            try #require(result.status == 0, "\(result.errors)")
            if !settings.isEmpty {
                try await network.expectSuccess("down")
                for node in try await network.status().nodes { try set(settings, in: node.data + "/node.json") }
                try await network.expectSuccess("up", "--detach")
            }
            try await body(network)
        } catch {
            await network.tearDown()
            throw error
        }
        await network.tearDown()
    }

    private static func set(_ settings: [String: Int], in path: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        var configuration = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        var ledger = configuration["ledger"] as? [String: Any] ?? ["engine": "sqlite", "endpoints": [String]()]
        for (name, value) in settings { ledger[name] = value }
        configuration["ledger"] = ledger
        try JSONSerialization.data(withJSONObject: configuration).write(to: URL(fileURLWithPath: path))
    }

    /// What a node's control API answers.
    func get<Value: Decodable>(_ node: Status.Node, _ path: String, as type: Value.Type = Value.self) async throws
        -> Value
    {
        let response = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: node.control + path), timeout: .seconds(10))
        let body = try await response.body.collect(upTo: 4 << 20)
        return try JSONDecoder().decode(Value.self, from: Data(body.readableBytesView))
    }

    func head(_ node: Status.Node) async throws -> LedgerHeadInfo { try await get(node, "/api/v1/ledger/head") }

    /// Where the node's log begins; 0 for the genesis.
    func base(_ node: Status.Node) async throws -> UInt64 {
        struct Base: Decodable { var sequence: UInt64 }
        return (try? await get(node, "/api/v1/ledger/base", as: Base.self).sequence) ?? 0
    }

    /// Kills a node's process and waits until it is gone.
    func killNode(_ node: Status.Node) async throws {
        let pid = try #require(node.pid)
        kill(pid, SIGKILL)
        try await eventually("the node ends") { !isAlive(pid) }
    }

    /// Waits until all these nodes have one state, and returns it.
    @discardableResult
    func expectLevel(_ nodes: [Status.Node], at location: SourceLocation = #_sourceLocation) async throws
        -> LedgerHeadInfo
    {
        var heads: [LedgerHeadInfo] = []
        try await eventually("all nodes have one state", at: location) {
            heads = []
            for node in nodes {
                guard let head = try? await head(node) else { return false }
                heads.append(head)
            }
            return Set(heads.map(\.sequence)).count == 1
        }
        #expect(Set(heads.map(\.stateRoot)).count == 1, sourceLocation: location)
        #expect(heads.allSatisfy { $0.failure == nil }, sourceLocation: location)
        return try #require(heads.first)
    }
}
