import CSandbox
import Cgroups
import Glibc
import Testing

@testable import Functions

@Suite struct CgroupTests {
    private static let mountsV1 = """
        23 1 0:21 / /sys rw,relatime - sysfs sysfs rw
        31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd

        """
    private static let mountV2 = "25 24 0:23 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    private static let hybridV2 = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
    private static let memberV1 = "9:name=systemd:/\n8:pids:/a\n4:memory:/a/b:c\n1:cpu,cpuacct:/\n"

    private func folders(
        _ membership: String, _ mounts: String, offered: [Substring] = []
    ) -> CgroupFolders {
        CgroupFolders(membership: membership, mounts: mounts) { _ in offered }
    }

    @Test func versionOne() {
        let found = folders(Self.memberV1, Self.mountsV1)
        #expect(found.summary == "v1")
        #expect(found.folders[.memory] == .init(path: "/sys/fs/cgroup/memory/a/b:c", version: .one))
        #expect(found.folders[.pids] == .init(path: "/sys/fs/cgroup/pids/a", version: .one))
        #expect(found.folders[.cpu] == .init(path: "/sys/fs/cgroup/cpu,cpuacct", version: .one))
    }

    @Test func versionTwo() {
        let found = folders(
            "0::/system.slice/skerry.service\n", Self.mountV2, offered: ["cpuset", "cpu", "io", "memory", "pids"])
        #expect(found.summary == "v2")
        let path = "/sys/fs/cgroup/system.slice/skerry.service"
        for controller in CgroupController.allCases {
            #expect(found.folders[controller] == .init(path: path, version: .two))
        }
    }

    @Test func rootsHaveMoreThanAService() {
        let found = CgroupFolders(
            membership: "0::/system.slice/skerry.service\n", mounts: Self.mountV2, atRoots: true
        ) { $0 == "/sys/fs/cgroup" ? ["cpu", "memory", "pids"] : ["memory", "pids"] }
        for controller in CgroupController.allCases {
            #expect(found.folders[controller] == .init(path: "/sys/fs/cgroup", version: .two))
        }
        let old = CgroupFolders(membership: Self.memberV1, mounts: Self.mountsV1, atRoots: true) { _ in [] }
        #expect(old.folders[.memory] == .init(path: "/sys/fs/cgroup/memory", version: .one))
    }

    @Test func hybrid() {
        let found = folders(Self.memberV1 + "0::/x\n", Self.mountsV1 + Self.hybridV2, offered: ["hugetlb"])
        #expect(found.summary == "hybrid")
        #expect(found.folders[.memory]?.version == .one)
        let mixed = folders(Self.memberV1 + "0::/x\n", Self.mountsV1 + Self.hybridV2, offered: ["memory"])
        #expect(mixed.folders[.memory] == .init(path: "/sys/fs/cgroup/unified/x", version: .two))
        #expect(mixed.folders[.pids]?.version == .one)
    }

    /// A container sees the host's path of its cgroup, or none of it, and its own folder as the mount's root.
    @Test(arguments: ["0::/docker/abc/inner\n", "0::/inner\n"]) func container(_ membership: String) {
        let root = membership.contains("docker") ? "/docker/abc" : "/"
        let mount = "25 24 0:23 \(root) /sys/fs/cgroup rw - cgroup2 cgroup rw\n"
        #expect(folders(membership, mount, offered: ["memory"]).folders[.memory]?.path == "/sys/fs/cgroup/inner")
    }

    @Test(arguments: ["", "\n\n", "x", "4:memory", "4:memory:relative\n", "::", "0::\n", ":::::\n"])
    func nonsenseIsNoFolder(_ text: String) {
        #expect(folders(text, Self.mountsV1).folders.isEmpty)
        #expect(folders(Self.memberV1, text).folders.isEmpty)
    }

    @Test func aWorkerIsInItsCgroupAndTheFolderGoesWithIt() async throws {
        guard !WorkerCgroups.ofThisProcess.folders.isEmpty else {
            print("not judged: this host lets the tests make no cgroups (\(WorkerCgroups.ofThisProcess.summary))")
            return
        }
        let folders = Set(WorkerCgroups.ofThisProcess.folders.values.map(\.path))
        // Other tests have workers at the same time.
        var name = ""
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            #expect(try await fixture.evaluate("1") == "1")
            let process = try #require(fixture.pool.workerProcesses.first)
            let membership = try #require(ControlFile.read("/proc/\(process)/cgroup"))
            let path = membership.split(whereSeparator: { "/\n".contains($0) })
            name = path.first { $0.hasPrefix("skerry-worker-\(getpid())-") }.map(String.init) ?? ""
            for folder in folders { #expect(ControlFile.names(in: folder).contains(name)) }
        }
        for folder in folders { #expect(!ControlFile.names(in: folder).contains(name)) }
    }

    @Test func whatAKilledNodeLeftIsRemoved() throws {
        guard let folder = WorkerCgroups.ofThisProcess.folders.values.first?.path else {
            print("not judged: this host lets the tests make no cgroups")
            return
        }
        // The highest process id that the kernel knows; nearly always nobody's.
        let left = folder + "/skerry-worker-4194303-1"
        guard kill(4_194_303, 0) != 0 else { return }
        #expect(mkdir(left, 0o755) == 0 || errno == EEXIST)
        #expect(WorkerCgroups().refusals == WorkerCgroups.ofThisProcess.refusals)
        #expect(access(left, F_OK) != 0)
    }

    @Test func theKernelEndsWhoTakesMoreThanTheBound() throws {
        let outcome = try SandboxProbe.run("take-memory", isSealed: true)
        guard outcome.layers & UInt32(SKERRY_LAYER_MEMORY_CGROUP) != 0 else {
            print("not judged: this host gives workers no memory cgroup")
            return
        }
        #expect(outcome.ranOutOfMemory)
        #expect(outcome.result == .unknown(status: SIGKILL, text: ""))
    }
}
