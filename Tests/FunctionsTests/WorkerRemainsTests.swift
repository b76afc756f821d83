import Cgroups
import Foundation
import Testing

@testable import Functions

@Suite("What workers of killed nodes left") struct WorkerRemainsTests {
    /// The highest process id that the kernel knows; nearly always nobody's.
    private static let gone: pid_t = 4_194_303

    private func withHierarchy(_ folders: [String], _ body: (String) throws -> Void) throws {
        let root = NSTemporaryDirectory() + "/skerry-remains-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: root) }
        for folder in folders {
            try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        try body(root)
    }

    @Test("Only cgroups whose node has ended and that hold no process are found, wherever they are, and removed")
    func found() throws {
        guard kill(Self.gone, 0) != 0 else { return }
        let left = [
            "a/b/skerry-worker-\(Self.gone)-1", "skerry-node-\(Self.gone)", "skerry-worker-\(Self.gone)-trial",
        ]
        let others = [
            "skerry-worker-\(getpid())-1", "skerry-worker-1-1", "skerry-worker--1", "skerry-worker-x-1",
            "skerry-node-0", "other-\(Self.gone)-1", "busy/skerry-worker-\(Self.gone)-2",
        ]
        try withHierarchy(left + others) { root in
            let busy = "\(root)/busy/skerry-worker-\(Self.gone)-2"
            try "4711\n".write(toFile: busy + "/cgroup.procs", atomically: false, encoding: .utf8)
            let remains = WorkerRemains(below: [root], where: WorkerRemains.ownerIsGone)
            #expect(remains.cgroups == left.map { "\(root)/\($0)" }.sorted())
            remains.remove()
            for folder in left { #expect(!FileManager.default.fileExists(atPath: "\(root)/\(folder)")) }
            for folder in others { #expect(FileManager.default.fileExists(atPath: "\(root)/\(folder)")) }
        }
    }

    @Test("Cgroups are looked for down to a depth")
    func depth() throws {
        guard kill(Self.gone, 0) != 0 else { return }
        func path(_ depth: Int) -> String {
            (String(repeating: "x/", count: depth - 1)) + "skerry-worker-\(Self.gone)-\(depth)"
        }
        try withHierarchy([path(WorkerRemains.maxDepth), path(WorkerRemains.maxDepth + 1)]) { root in
            let remains = WorkerRemains(below: [root], where: WorkerRemains.ownerIsGone)
            #expect(remains.cgroups == ["\(root)/\(path(WorkerRemains.maxDepth))"])
        }
    }

    @Test("The cgroups of one killed node are told from another's")
    func ofOne() throws {
        guard let folder = WorkerCgroups.ofThisProcess.folders.values.first?.path, kill(Self.gone, 0) != 0 else {
            print("not judged: this host lets the tests make no cgroups")
            return
        }
        // Below a folder of its own: what lies beside this process's cgroups is removed by whoever starts workers.
        let parent = folder + "/remains-\(getpid())"
        let left = parent + "/skerry-worker-\(Self.gone)-77"
        #expect(mkdir(parent, 0o755) == 0 && mkdir(left, 0o755) == 0)
        defer { rmdir(parent) }
        #expect(!WorkerRemains.ofProcess(Self.gone - 1).cgroups.contains(left))
        #expect(WorkerRemains.ofProcess(Self.gone).cgroups.contains(left))
        rmdir(left)
        #expect(WorkerRemains.ofProcess(Self.gone).cgroups.isEmpty)
    }
}
