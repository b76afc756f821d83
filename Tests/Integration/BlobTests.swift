import AsyncHTTPClient
import Blake3
import Foundation
import NIOCore
import NIOHTTP1
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("Blobs across nodes", .serialized)
struct BlobTests {
    @Test("A blob added on one node is fetched whole and by range from another, and verified")
    func addAndGet() async throws {
        try await TestNetwork.with { network in
            for byteCount in [0, 1, 16_385, 3 << 20] { try await check(byteCount, network) }
        }
    }

    private func check(_ byteCount: Int, _ network: TestNetwork) async throws {
        let path = try network.randomFile("input", byteCount: byteCount)
        let id = try await network.expectSuccess("blob", "add", path, "--node", "1").output.trimmingCharacters(
            in: .newlines)
        let hex = try await network.expectSuccess("blob", "hash", "--hex", path).output.trimmingCharacters(
            in: .newlines)
        let copy = network.folder + "/copy-\(byteCount)"
        try await network.expectSuccess("blob", "get", id, "--node", "3", "-o", copy)
        #expect(FileManager.default.contentsEqual(atPath: path, andPath: copy))
        #expect(try await network.expectSuccess("blob", "hash", copy, "--threads", "1").output.contains(id))
        let node = try await network.status().nodes[1]
        let head = try await network.request(node, "/blobs/\(hex)", method: .HEAD)
        #expect(head.headers.first(name: "content-length") == "\(byteCount)")
        #expect(head.headers.first(name: "etag") == "\"\(id)\"")
        guard byteCount > 1_000 else { return }
        let range = network.folder + "/range-\(byteCount)"
        try await network.expectSuccess("blob", "get", id, "--node", "2", "--range", "100-999", "-o", range)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(try Data(contentsOf: URL(fileURLWithPath: range)) == data[100...999])
        let tail = try await network.request(node, "/blobs/\(id)", headers: [("range", "bytes=-5")])
        #expect(tail.status == 206)
        #expect(Data(tail.body.readableBytesView) == data.suffix(5))
    }

    @Test("Standard input is stored and hashed")
    func standardInput() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let input = Data("from a pipe".utf8)
            let id = try await network.run(["blob", "add", "-"], input: input).output
            #expect(try await network.run(["blob", "hash", "-"], input: input).output == id)
            let got = try await network.expectSuccess("blob", "get", id.trimmingCharacters(in: .newlines))
            #expect(got.output == "from a pipe")
            try await network.expectFailure(
                "blob", "get", String(repeating: "0", count: 64), saying: "No reachable node")
            try await network.expectFailure("blob", "get", "nonsense", saying: "nonsense")
        }
    }

    @Test("kill -9 of a node in the middle of a fetch: the fetch completes from another")
    func killDuringFetch() async throws {
        try await TestNetwork.with { network in
            let path = try network.randomFile("large", byteCount: 48 << 20)
            let id = try await network.expectSuccess("blob", "add", path, "--node", "1").output.trimmingCharacters(
                in: .newlines)
            try await network.expectSuccess("blob", "add", path, "--node", "2")
            let nodes = try await network.status().nodes
            let pid = try #require(nodes[0].pid)
            let copy = network.folder + "/copy"
            async let fetched = network.run(["blob", "get", id, "--node", "3", "-o", copy])
            try await network.fetchBegins(on: nodes[2])
            kill(pid, SIGKILL)
            let result = try await fetched
            #expect(result.status == 0, "\(result.errors)")
            #expect(FileManager.default.contentsEqual(atPath: path, andPath: copy))
            try await network.expectSuccess("up", "--detach")
            try await network.expectSuccess("blob", "get", id, "--node", "1", "-o", copy)
            #expect(FileManager.default.contentsEqual(atPath: path, andPath: copy))
        }
    }

    @Test("kill -9 of a node in the middle of a deploy: the deploy can be repeated, and nothing is corrupt")
    func killDuringDeploy() async throws {
        try await TestNetwork.with { network in
            for number in [1, 2] {
                for index in 0..<200 { try network.write("page \(index) \(UUID())", to: "site/page-\(index).html") }
                _ = try network.randomFile("site/large.bin", byteCount: 8 << 20)
                let pid = try #require(try await network.status().nodes[number - 1].pid)
                async let deployed = network.run([
                    "deploy", network.folder + "/site", "--name", "site", "--node", "\(number)",
                ])
                try await Task.sleep(for: .milliseconds(120))
                kill(pid, SIGKILL)
                _ = try await deployed
                try await network.expectSuccess("up", "--detach")
                _ = try await network.deploy(network.folder + "/site", "site", node: number)
                let large = try Data(contentsOf: URL(fileURLWithPath: network.folder + "/site/large.bin"))
                for node in try await network.status().nodes {
                    let answer = try await network.request(node, host: "site", "/large.bin")
                    #expect(Data(answer.body.readableBytesView) == large)
                }
            }
        }
    }

    @Test("kill -9 of the only node that has a blob: the fetch fails soon, leaves no file, and works once it is back")
    func killOnlySource() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            let path = try network.randomFile("large", byteCount: 64 << 20)
            let id = try await network.expectSuccess("blob", "add", path, "--node", "1").output
                .trimmingCharacters(in: .newlines)
            let nodes = try await network.status().nodes
            let pid = try #require(nodes[0].pid)
            let copy = network.folder + "/copy"
            let start = ContinuousClock.now
            async let fetched = network.run(["blob", "get", id, "--node", "2", "-o", copy])
            try await network.fetchBegins(on: nodes[1])
            kill(pid, SIGKILL)
            let result = try await fetched
            #expect(result.status != 0)
            // How far it came before decides which.
            let isExplained = ["broke off", "No reachable node", "blob/unreachable"].contains {
                result.errors.contains($0)
            }
            #expect(isExplained, "\(result.errors)")
            #expect(ContinuousClock.now - start < .seconds(40))
            #expect(!FileManager.default.fileExists(atPath: copy))
            try await network.expectSuccess("up", "--detach")
            try await network.expectSuccess("blob", "get", id, "--node", "2", "-o", copy)
            #expect(FileManager.default.contentsEqual(atPath: path, andPath: copy))
        }
    }

    @Test("A full disk refuses uploads with a clear error and keeps serving")
    func fullDisk() async throws {
        guard getuid() == 0 else {
            print("skipped: mounting a small file system needs root")
            return
        }
        let mount = FileManager.default.temporaryDirectory.appendingPathComponent("full-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        guard Glibc.mount("tmpfs", mount, "tmpfs", 0, "size=160m") == 0 else {
            print("skipped: this machine does not allow mounts")
            return
        }
        defer {
            umount2(mount, Int32(MNT_DETACH))
            try? FileManager.default.removeItem(atPath: mount)
        }
        try await TestNetwork.with(nodes: 1, data: mount + "/network") { network in
            try network.write("served", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "site")
            let large = try network.randomFile("large", byteCount: 150 << 20)
            try await network.expectFailure("blob", "add", large, saying: "blob/disk-full")
            let node = try await network.status().nodes[0]
            #expect(try await network.request(node, host: "site", "/").text == "served")
            let small = try network.randomFile("small", byteCount: 1 << 20)
            try await network.expectSuccess("blob", "add", small)
        }
    }
}
