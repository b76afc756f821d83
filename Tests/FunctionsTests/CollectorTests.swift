import Foundation
import Functions
import NIOCore
import Testing

/// The engine collects garbage far more often than it would: a value that only our own memory refers to is gone, and
/// overwritten, when it is next used.
@Suite struct CollectorTests {
    /// Starts the worker with the engine's options for that.
    ///
    /// - Returns: The path of a program that does.
    static func eagerWorker() throws -> String {
        let path = NSTemporaryDirectory() + "skerry-eager-worker-\(UUID().uuidString)"
        let script = """
            #!/bin/sh
            export JSC_slowPathAllocsBetweenGCs=20 JSC_scribbleFreeCells=1
            exec '\(PoolFixture.workerPath)' "$@"

            """
        try script.write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    @Test func valuesOfRequestsAndHostCallsOutliveCollections() async throws {
        let worker = try Self.eagerWorker()
        defer { try? FileManager.default.removeItem(atPath: worker) }
        var settings = PoolFixture.settings
        settings.workerPath = worker
        settings.cpuLimit = .seconds(10)
        let module = """
            export default {
              async fetch(request, env) {
                const count = Number(await env.STORE.get('count') ?? 0) + 1;
                await env.STORE.put('count', String(count));
                const file = await (await env.ASSETS.fetch('/file.txt')).text();
                const fetched = await (await fetch(new URL('/parts', request.url))).text();
                const sent = await request.text();
                return new Response([env.GREETING, count, file, fetched, sent, request.headers.get('x-long')].join('|'));
              },
            };
            """
        let environment = #"""
            {"vars":{"GREETING":"Hello"},"node":"n",
            "bindings":[{"name":"STORE","type":"kv","namespace":"n"},{"name":"ASSETS","type":"assets"}]}
            """#
        let long = String(repeating: "abcdefgh", count: 100)
        try await withPool(settings, host: TestHost(), environment: environment) { (fixture) async throws -> Void in
            for count in 1...10 {
                let answer = try await fixture.call(
                    module, "https://e.com/a", method: "POST", headers: [("x-long", long)], body: Array("body".utf8))
                #expect(
                    answer.text == "Hello|\(count)|/file.txt|part 0 part 1 part 2 part 3 part 4 |body|\(long)")
            }
        }
    }

    @Test func theWebsInterfacesOutliveCollections() async throws {
        let worker = try Self.eagerWorker()
        defer { try? FileManager.default.removeItem(atPath: worker) }
        try await expectChecks(
            WebFetchTests.checks.filter { $0.name != "a long body, with back-pressure" },
            helpers: WebFetchTests.helpers, host: TestHost(), worker: worker)
    }
}
