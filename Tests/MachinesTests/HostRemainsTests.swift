import Foundation
import Testing

@testable import Machines

/// What nodes left that do not start again.
@Suite("What nodes left on their host")
struct HostRemainsTests {
    @Test("Names say whose they are, and names of others are nobody's")
    func names() throws {
        let names = HostNames(folder: "/var/lib/skerry/machines/containers")
        #expect(names.key.utf8.count == 6)
        #expect(HostNames(key: names.key) == names)
        #expect(HostNames(namespace: "\(names.namespacePrefix)7") == names)
        #expect(HostNames(namespace: "\(names.namespacePrefix)7.user") == names)
        #expect(HostNames(link: "\(names.linkPrefix)249") == names)
        #expect(HostNames(table: names.table) == names)
        // An interface's name has 15 bytes at most.
        #expect("\(names.linkPrefix)\(NetworkBlock.slots - 1)".utf8.count <= 15)
        for other in [
            "skerry-trial-4711", "skerry-0a1b2c", "skerry-0a1b2c-", "skerry-0a1b2c-x", "skerry-0A1B2C-1", "eth0",
        ] {
            #expect(HostNames(namespace: other) == nil, "\(other)")
        }
        for other in ["sktrial4711", "sk0a1b2c", "sk0a1b2-1", "skip-1", "lo"] { #expect(HostNames(link: other) == nil) }
        for other in ["skerry_trial_4711", "skerry_", "filter"] { #expect(HostNames(table: other) == nil) }
        for other in ["", "blocks", "0a1b2", "0a1b2cd", "0a1b2g"] { #expect(HostNames(key: other) == nil) }
    }

    @Test("A claim that somebody holds is not gone, although its folder is", .enabled(if: geteuid() == 0))
    func held() throws {
        let folder = NSTemporaryDirectory() + "/skerry-claims-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let claims = folder + "/claims"
        for name in ["a", "b"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        let block = try #require(NetworkBlock.claim(for: folder + "/a", in: claims, startingAt: 5))
        let path = "\(claims)/\(block.number)"
        #expect(!NetworkBlock.isHeld(path))
        let held = try #require(block.hold(in: claims))
        #expect(NetworkBlock.isHeld(path) && block.hold(in: claims) == nil)
        try FileManager.default.removeItem(atPath: folder + "/a")
        #expect(!NetworkBlock.isGone(path))
        #expect(NetworkBlock.claim(for: folder + "/b", in: claims, startingAt: 5)?.number == 6)
        held.close()
        #expect(NetworkBlock.isGone(path))
    }

    @Test(
        "What a killed node left is found, its machines are ended, and nothing stays", .timeLimit(.minutes(1)),
        .enabled { await MachineLab.canRun() })
    func killed() async throws {
        try await MachineLab.with { lab in
            let host = await MachineLab.host()
            let folder = lab.folder + "/killed"
            try await lab.runAndKill(in: folder, orphan: "adopt", ["one"])
            let pid = try #require(
                pid_t(try String(contentsOfFile: "\(folder)/one/pid", encoding: .utf8).filter(\.isNumber)))
            let remains = try await HostRemains.ofNode(folder, on: host)
            #expect(remains.containers.map(\.description) == ["one"])
            #expect(remains.namespaces.count >= 2 && !remains.links.isEmpty && !remains.cgroups.isEmpty)
            #expect(remains.summary.hasPrefix("1 container, "))
            // A folder that is there may be a node's that starts again.
            let gone = await HostRemains.ofGoneNodes(on: host)
            #expect(!gone.contains { $0.key == remains.key })
            try FileManager.default.removeItem(atPath: folder)
            let found = await HostRemains.ofGoneNodes(on: host).first { $0.key == remains.key }
            #expect(found?.folder == remains.folder)
            try await #require(found).remove(on: host)
            #expect(kill(pid, 0) != 0)
            #expect(MachineLab.leftovers(remains.key).isEmpty)
            #expect(!FileManager.default.fileExists(atPath: "\(host.settings.stateFolder)/\(remains.key)"))
        }
    }

    @Test("Nothing is taken from a node that runs", .enabled { await MachineLab.canRun() })
    func running() async throws {
        try await MachineLab.with { lab in
            let host = await MachineLab.host()
            await #expect {
                _ = try await HostRemains.ofNode(lab.folder + "/machines", on: host)
            } throws: { error in
                (error as? MachineError)?.code == .wrongState
            }
        }
    }
}
