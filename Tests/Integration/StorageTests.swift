import Blake3
import ControlModel
import Foundation
import NIOCore
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("What a node keeps", .serialized)
struct StorageTests {
    private func add(_ network: TestNetwork, _ name: String, _ byteCount: Int, node: Int = 1) async throws -> String {
        let path = try network.randomFile(name, byteCount: byteCount)
        return try await network.expectSuccess("blob", "add", path, "--no-pin", "--node", "\(node)").output
            .trimmingCharacters(in: .newlines)
    }

    private func dataFile(_ network: TestNetwork, _ id: String, node: Int) async throws -> String {
        let info: BlobInfo = try await network.expectSuccess("blob", "stat", id, "--node", "\(node)", "--json").json()
        let folder = try await network.status().nodes[node - 1].data
        let hex = info.hex
        return "\(folder)/blobs/data/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)"
    }

    @Test("Pinned blobs survive a collection, others do not, and a dry run changes nothing")
    func pinsAndCollection() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let kept = try await add(network, "kept", 3 << 20)
            let small = try await add(network, "small", 100)
            let gone = try await add(network, "gone", 300_000)
            try await network.expectSuccess("blob", "pin", kept, small)
            let rows: [BlobRow] = try await network.expectSuccess("blob", "ls", "--json").json()
            #expect(Set(rows.map(\.id)) == [kept, small, gone])
            let pinned: [BlobRow] = try await network.expectSuccess("blob", "ls", "--pinned", "--json").json()
            #expect(Set(pinned.map(\.id)) == [kept, small])
            #expect(pinned.allSatisfy { $0.pinnedBy.count == 1 && $0.pinnedBy[0].hasPrefix("account:") })

            let dry: CollectionInfo =
                try await network.expectSuccess("blob", "gc", "--hours", "0", "--dry-run", "--json").json()
            #expect(dry.blobs == 1)
            #expect(dry.bytes == 300_000)
            try await network.expectSuccess("blob", "stat", gone)
            let young: CollectionInfo = try await network.expectSuccess("blob", "gc", "--json").json()
            #expect((young.blobs, young.youngBlobs, young.youngBytes) == (0, 1, 300_000))
            let told = try await network.expectSuccess("blob", "gc").output
            #expect(told.contains("1 of them (293"))
            #expect(told.contains("only because they were used in the last 24 hours: see --hours"))
            let real: CollectionInfo = try await network.expectSuccess("blob", "gc", "--hours", "0", "--json").json()
            #expect(real.blobs == 1)
            #expect(real.keptBlobs == 2)
            try await network.expectFailure("blob", "stat", gone, saying: "does not store")

            try await network.expectSuccess("blob", "unpin", kept)
            try await network.expectSuccess("blob", "gc", "--hours", "0")
            try await network.expectFailure("blob", "stat", kept, saying: "does not store")
            try await network.expectSuccess("blob", "stat", small)
        }
    }

    @Test("Above its quota a node drops what nobody keeps; pinned blobs stay, and what does not fit is refused")
    func quota() async throws {
        let network = try TestNetwork()
        do {
            try await network.expectSuccess("up", "--nodes", "1", "--detach", "--quota", "8MiB")
            let kept = network.folder + "/kept"
            try FileManager.default.moveItem(atPath: try network.randomFile("a", byteCount: 3 << 20), toPath: kept)
            let pinned = try await network.expectSuccess("blob", "add", kept).output.trimmingCharacters(in: .newlines)
            var last = ""
            for number in 0..<6 { last = try await add(network, "cold-\(number)", 2 << 20) }
            let rows: [BlobRow] = try await network.expectSuccess("blob", "ls", "--json").json()
            #expect(rows.reduce(0) { $0 + ($1.byteCount ?? 0) } <= 8 << 20)
            #expect(Set(rows.map(\.id)).isSuperset(of: [pinned, last]))
            let large = try network.randomFile("large", byteCount: 6 << 20)
            try await network.expectFailure("blob", "add", large, saying: "quota")
            try await network.expectSuccess("blob", "stat", pinned)
            try await network.expectFailure("up", "--detach", "--quota", "much", saying: "much")
        } catch {
            await network.tearDown()
            throw error
        }
        await network.tearDown()
    }

    @Test("A flipped bit and a missing file are found, set aside and fetched again from a peer")
    func repair() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            let flipped = try await add(network, "first", 3 << 20)
            let removed = try await add(network, "second", 700_000)
            for id in [flipped, removed] { try await network.expectSuccess("blob", "pin", id, "--node", "2") }
            let file = try await dataFile(network, flipped, node: 1)
            let handle = try #require(FileHandle(forUpdatingAtPath: file))
            try handle.seek(toOffset: 1_000_000)
            let byte = try #require(try handle.read(upToCount: 1)?.first)
            try handle.seek(toOffset: 1_000_000)
            try handle.write(contentsOf: Data([byte ^ 0x10]))
            try handle.close()
            try FileManager.default.removeItem(atPath: try await dataFile(network, removed, node: 1))

            let result: VerificationInfo =
                try await network.expectSuccess("blob", "verify", "--node", "1", "--json").json()
            #expect(result.blobs == 2)
            #expect(Set(result.damaged.map(\.id)) == [flipped, removed])
            #expect(result.damaged.filter { !$0.isRepaired }.isEmpty)
            let again: VerificationInfo =
                try await network.expectSuccess("blob", "verify", "--node", "1", "--json").json()
            #expect(again.damaged.isEmpty)
            #expect(again.blobs == 2)
        }
    }

    @Test("Without a peer that has it, a damaged blob is reported, and never served")
    func damageWithoutPeers() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let id = try await add(network, "blob", 1 << 20)
            let file = try await dataFile(network, id, node: 1)
            try FileManager.default.removeItem(atPath: file)
            let result = try await network.run(["blob", "verify", id, "--no-repair", "--json"])
            #expect(result.status == 1)
            #expect(try result.json(VerificationInfo.self).damaged.map(\.isRepaired) == [false])
            let copy = network.folder + "/copy"
            try await network.expectFailure("blob", "get", id, "-o", copy, saying: "error")
            #expect(!FileManager.default.fileExists(atPath: copy))

            // Nobody keeps it, so it is gone; what somebody keeps stays in the lists.
            let empty: [BlobRow] = try await network.expectSuccess("blob", "ls", "--json").json()
            #expect(empty.isEmpty)
            let kept = try await add(network, "kept", 1 << 20)
            try await network.expectSuccess("blob", "pin", kept)
            try FileManager.default.removeItem(atPath: try await dataFile(network, kept, node: 1))
            for _ in 0..<2 {
                let check = try await network.run(["blob", "verify", "--no-repair", "--json"])
                #expect(check.status == 1)
                #expect(try check.json(VerificationInfo.self).damaged.map(\.id) == [kept])
                let rows: [BlobRow] = try await network.expectSuccess("blob", "ls", "--json").json()
                #expect(rows.map(\.id) == [kept] && rows.allSatisfy { $0.isMissing == true && $0.byteCount == nil })
            }
        }
    }

    @Test("A pinned blob that was lost while no peer had it is fetched once one is back, also after a restart")
    func repairAfterRestart() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            let id = try await add(network, "blob", 700_000)
            for node in ["1", "2"] { try await network.expectSuccess("blob", "pin", id, "--node", node) }
            let file = try await dataFile(network, id, node: 1)
            kill(try #require(try await network.status().nodes[1].pid), SIGKILL)
            try FileManager.default.removeItem(atPath: file)
            #expect(try await network.run(["blob", "verify", id, "--no-repair", "--node", "1"]).status == 1)
            try await network.expectFailure("blob", "stat", id, "--node", "1", saying: "does not store")
            kill(try #require(try await network.status().nodes[0].pid), SIGKILL)
            try await network.expectSuccess("up", "--detach")
            var isBack = false
            for _ in 0..<120 where !isBack {
                isBack = try await network.run(["blob", "stat", id, "--node", "1"]).status == 0
                if !isBack { try await Task.sleep(for: .milliseconds(500)) }
            }
            #expect(isBack)
            #expect(FileManager.default.fileExists(atPath: file))
        }
    }

    @Test("A node whose index was lost serves its data files all the same, and a collection leaves them alone")
    func lostIndex() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let id = try await add(network, "blob", 700_000)
            let file = try await dataFile(network, id, node: 1)
            let status = try await network.status().nodes[0]
            kill(try #require(status.pid), SIGKILL)
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: "\(status.data)/blobs/blobs.sqlite\(suffix)")
            }
            try await network.expectSuccess("up", "--detach")
            try await network.expectSuccess("blob", "gc")
            try await network.expectSuccess("blob", "stat", id)
            #expect(FileManager.default.fileExists(atPath: file))
            try await network.expectSuccess("blob", "verify", id)
        }
    }

    @Test("A folder goes in under one id and comes out whole on another node, also when the first is gone")
    func folders() async throws {
        try await TestNetwork.with { network in
            let folder = network.folder + "/in"
            try FileManager.default.createDirectory(atPath: folder + "/a/b", withIntermediateDirectories: true)
            try Data("hello".utf8).write(to: URL(fileURLWithPath: folder + "/index.html"))
            try Data().write(to: URL(fileURLWithPath: folder + "/a/empty.txt"))
            let large = try network.randomFile("large", byteCount: 2 << 20)
            try FileManager.default.copyItem(atPath: large, toPath: folder + "/a/b/large.bin")
            let id = try await network.expectSuccess("blob", "import", folder, "--node", "1").output
                .trimmingCharacters(in: .newlines)
            #expect(try await network.expectSuccess("blob", "import", folder, "--node", "2").output.contains(id))

            try await network.expectSuccess("blob", "pin", "--folder", id, "--node", "3")
            for node in [1, 2] { kill(try #require(try await network.status().nodes[node - 1].pid), SIGKILL) }
            try await network.expectSuccess("blob", "gc", "--hours", "0", "--node", "3")
            let out = network.folder + "/out"
            try await network.expectSuccess("blob", "export", id, out, "--node", "3")
            for name in ["index.html", "a/empty.txt", "a/b/large.bin"] {
                #expect(FileManager.default.contentsEqual(atPath: "\(folder)/\(name)", andPath: "\(out)/\(name)"))
            }
            try await network.expectFailure("blob", "export", id, out, "--node", "3", saying: "is not empty")
            let single = try await add(network, "single", 400_000, node: 3)
            try await network.expectFailure(
                "blob", "export", single, network.folder + "/no", "--node", "3", saying: "is no folder")
            try await network.expectFailure("blob", "pin", "--folder", single, "--node", "3", saying: "is no manifest")
        }
    }

    @Test("A fetch that a stop of the node interrupted goes on where it was")
    func resume() async throws {
        try await TestNetwork.with { network in
            let byteCount = 48 << 20
            let path = try network.randomFile("large", byteCount: byteCount)
            let id = try await network.expectSuccess("blob", "add", path, "--node", "1").output
                .trimmingCharacters(in: .newlines)
            let node = try await network.status().nodes[2]
            let pid = try #require(node.pid)
            let copy = network.folder + "/copy"
            async let interrupted = network.run(["blob", "get", id, "--node", "3", "-o", copy])
            try await network.fetchBegins(on: node)
            kill(pid, SIGTERM)
            _ = try await interrupted
            try await network.expectSuccess("up", "--detach")
            try await network.expectSuccess("blob", "get", id, "--node", "3", "-o", copy)
            #expect(FileManager.default.contentsEqual(atPath: path, andPath: copy))
        }
    }
}
