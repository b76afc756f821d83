import Foundation
import Testing

@testable import Machines

/// Files into real containers and out of them.
@Suite(
    "Copies into machines and out of them", .serialized, .timeLimit(.minutes(2)),
    .enabled { await MachineLab.canRun() })
struct MachineCopyTests {
    private typealias Streams = CopyStreamTests

    private func withMachine(
        _ change: (inout MachineSpec) -> Void = { _ in }, _ body: (MachineLab, MachineID) async throws -> Void
    ) async throws {
        try await MachineLab.with { lab in
            var spec = try MachineLab.spec("host", "sleep")
            change(&spec)
            let id = try await lab.run(spec)
            try await lab.wait(id, for: .healthy)
            try await body(lab, id)
        }
    }

    /// Reads a session to its end: what it wrote, what it complained about, how it ended.
    private func end(_ session: MachineSession) async -> (bytes: [UInt8], errors: String, exit: MachineExit?) {
        var bytes: [UInt8] = [], errors = ""
        for await output in session.output {
            switch output {
            case .bytes(let part, .stdout): bytes += part
            case .bytes(let part, .stderr): errors += String(decoding: part, as: UTF8.self)
            case .exit(let exit): return (bytes, errors, exit)
            }
        }
        return (bytes, errors, nil)
    }

    /// Sends a stream; what was said about it, and whether it was taken.
    @discardableResult
    private func send(
        _ lab: MachineLab, _ id: MachineID, _ bytes: [UInt8], to path: String
    ) async throws -> (errors: String, isGood: Bool) {
        let session = try await lab.supervisor.copy(id, .into(path))
        await session.write(bytes)
        await session.closeInput()
        let (_, errors, exit) = await end(session)
        return (errors, exit == MachineExit(code: 0))
    }

    private func fetch(_ lab: MachineLab, _ id: MachineID, _ path: String) async throws -> [CopyStream.Item]? {
        let (bytes, _, exit) = await end(try await lab.supervisor.copy(id, .outOf(path)))
        guard exit == MachineExit(code: 0) else { return nil }
        var decoder = CopyDecoder()
        decoder.feed(bytes)
        var items: [CopyStream.Item] = []
        while let item = try decoder.next() { items.append(item) }
        #expect(decoder.isOver)
        return items
    }

    @Test("A folder goes in and comes out as it was, and larger files too")
    func roundTrip() async throws {
        try await withMachine { lab, id in
            let tree = Streams.folder("tree", Streams.folder("in", [.link(Array("l".utf8), Array("/a".utf8))]))
            #expect(try await send(lab, id, Streams.encode(tree + [.end]), to: "/tmp").isGood)
            #expect(try await fetch(lab, id, "/tmp/tree") == tree + [.end])
            #expect(try await fetch(lab, id, "tmp/tree/in/../../tree") == tree + [.end])
            // To a name of its own, in place of what was there.
            for text in ["first", "second"] {
                #expect(try await send(lab, id, Streams.encode(Streams.file("x", text) + [.end]), to: "/tmp/y").isGood)
                #expect(try await fetch(lab, id, "/tmp/y") == Streams.file("y", text) + [.end])
            }
            let local = lab.folder + "/big"
            // Parts of an odd length, so that no two of the stream's pieces are alike.
            let part = Data((0..<30_001).map { UInt8(truncatingIfNeeded: $0 &* 7) })
            let content = (0..<100).reduce(into: Data()) { all, _ in all += part }
            try content.write(to: URL(fileURLWithPath: local))
            let session = try await lab.supervisor.copy(id, .into("/tmp"))
            async let sent: Void = CopySource.send(local) { await session.write($0) == $0.count }
            #expect(await end(session).exit == MachineExit(code: 0))
            try await sent
            let target = try CopyTarget(path: local + ".back")
            try target.take(await end(try await lab.supervisor.copy(id, .outOf("/tmp/big"))).bytes)
            try target.finish()
            #expect(FileManager.default.contentsEqual(atPath: local, andPath: local + ".back"))
        }
    }

    @Test("Files belong to the machine's user, and only what that user may write is written")
    func users() async throws {
        try await withMachine({ $0.user = MachineUser(user: 1_000, group: 100) }) { lab, id in
            #expect(try await send(lab, id, Streams.encode(Streams.file("mine") + [.end]), to: "/tmp").isGood)
            let machine = try #require(await lab.supervisor.machines[id])
            let path = "/proc/\(try #require(machine.program?.pid))/root/tmp/mine"
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let first = await MachineLab.host().usesUserNamespaces ? Int(try #require(machine.run?.lease.firstID)) : 0
            #expect(attributes[.ownerAccountID] as? Int == first + 1_000)
            #expect(attributes[.groupOwnerAccountID] as? Int == first + 100)
            let (errors, isGood) = try await send(
                lab, id, Streams.encode(Streams.file("x") + [.end]), to: "/run/x")
            #expect(!isGood && errors.contains("Permission denied"), "\(errors)")
        }
    }

    @Test("No path and no link leads out of the machine, and what is no stream is refused")
    func confinement() async throws {
        try await withMachine { lab, id in
            let escape: [CopyStream.Item] = [.link(Array("out".utf8), Array("/".utf8)), .end]
            #expect(try await send(lab, id, Streams.encode(escape), to: "/tmp").isGood)
            let name = "skerry-escaped-\(UUID().uuidString.prefix(8))"
            for path in ["/tmp/out/tmp", "/tmp/../../../../../../tmp", "/proc/self/root/tmp", "/tmp/out/../tmp"] {
                _ = try await send(lab, id, Streams.encode(Streams.file(name) + [.end]), to: path)
                #expect(!FileManager.default.fileExists(atPath: "/tmp/\(name)"), "\(path)")
            }
            #expect(try await fetch(lab, id, "/tmp/out/tmp/\(name)") == Streams.file(name) + [.end])
            // The host's, not the machine's.
            #expect(try await fetch(lab, id, "/tmp/out\(lab.folder)") == nil)
            for (name, bytes, says) in Streams.hostile {
                // What it makes lies too deep to be fetched below.
                let (errors, isGood) = try await send(lab, id, bytes, to: name == "deep" ? "/run" : "/tmp")
                #expect(!isGood && (says.isEmpty || errors.contains(says)), "\(name): \(errors)")
            }
            let cut = Streams.encode(Streams.file("cut")).dropLast(4)
            #expect(try await send(lab, id, Array(cut), to: "/tmp").errors.contains("cut off"))
            let names = try #require(try await fetch(lab, id, "/tmp")).compactMap { item -> String? in
                switch item {
                case .file(let name, _), .folder(let name, _), .link(let name, _): String(decoding: name, as: UTF8.self)
                default: nil
                }
            }
            #expect(!names.contains { $0.hasPrefix(".skerry-copy") || $0 == "cut" }, "\(names)")
        }
    }

    @Test("What cannot be done is said")
    func errors() async throws {
        try await withMachine({ $0.resources.temporaryBytes = 1 << 20 }) { lab, id in
            let big =
                [CopyStream.Item.file(Array("big".utf8), .init(mode: 0o600, modified: 0))]
                + (0..<40).map { _ in .part(Array(repeating: 1, count: 64 << 10)) } + [.part([]), .end]
            let cases: [(bytes: [UInt8], path: String, says: String)] = [
                (Streams.encode(big), "/tmp", "No space left on device"),
                (Streams.encode(Streams.file("x") + [.end]), "/x", "Read-only file system"),
                (Streams.encode(Streams.file("x") + [.end]), "/none/x", "No such file or directory"),
                (Streams.encode(Streams.file("x") + [.end]), "/tmp/none/", "No such file or directory"),
                (Streams.encode(Streams.folder("x", []) + [.end]), "/probe", "Not a directory"),
            ]
            for (bytes, path, says) in cases {
                let (errors, isGood) = try await send(lab, id, bytes, to: path)
                #expect(!isGood && errors.contains(says), "\(path): \(errors)")
            }
            for (path, says) in [("/tmp/none", "No such file"), ("/dev/null", "neither a file nor a folder")] {
                let (_, errors, exit) = await end(try await lab.supervisor.copy(id, .outOf(path)))
                #expect(exit?.isSuccess == false && errors.contains(says), "\(errors)")
            }
            for path in ["", "/tmp/a\0b", String(repeating: "a", count: 5_000)] {
                await #expect(throws: MachineError.self) { try await lab.supervisor.copy(id, .into(path)) }
            }
            #expect(try await lab.supervisor.status(id).state == .healthy)
        }
    }

    @Test("A copy ends with its machine, and when it is told to")
    func ends() async throws {
        try await withMachine { lab, id in
            let head = Streams.encode([.file(Array("f".utf8), .init(mode: 0o600, modified: 0)), .part([1, 2, 3])])
            let ended = try await lab.supervisor.copy(id, .into("/tmp"))
            await ended.write(head)
            ended.end()
            #expect(await end(ended).exit?.isSuccess == false)
            let cut = try await lab.supervisor.copy(id, .into("/tmp"))
            await cut.write(head)
            try await lab.supervisor.stop(id)
            #expect(await end(cut).exit?.isSuccess == false)
            await #expect(throws: MachineError.self) { try await lab.supervisor.copy(id, .into("/tmp")) }
        }
    }
}
