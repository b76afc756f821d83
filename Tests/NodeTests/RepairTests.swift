import Blake3
import BlobStore
import Foundation
import Identity
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Node

private func name(_ number: Int) -> BlobID { BlobID(Blake3.hash(Array("\(number)".utf8))) }

struct RepairPlanTests {
    @Test("A blob that cannot be had is asked for later each time, up to a limit")
    func backOff() {
        var plan = RepairPlan()
        var now = Duration.seconds(5)
        #expect(plan.isDue(name(1), at: now))
        var pauses: [Duration] = []
        for _ in 0..<15 {
            plan.failed(name(1), at: now)
            let began = now
            while !plan.isDue(name(1), at: now) { now += .seconds(1) }
            pauses.append(now - began)
        }
        #expect(pauses.prefix(4) == [.seconds(10), .seconds(20), .seconds(40), .seconds(80)])
        #expect(pauses.suffix(3).allSatisfy { $0 == RepairPlan.longestPause })
        plan.settled(name(1))
        #expect(plan.isDue(name(1), at: now))
        plan.failed(name(1), at: now)
        #expect(plan.nextDue == now + RepairPlan.firstPause)
        #expect(plan.isDue(name(1), at: now + RepairPlan.firstPause))
        plan.keepOnly([name(2)], after: name(1), through: nil)
        #expect(plan.count == 1, "What is not in the part that was searched is not forgotten")
        plan.keepOnly([name(2)], after: nil, through: name(1))
        #expect(plan.count == 0 && plan.nextDue == nil)
    }

    @Test("The longest pause grows with the number of blobs that wait, so that they do not keep the node busy")
    func longPauses() {
        var plan = RepairPlan()
        for _ in 0..<20 {
            for number in 0..<1_000 { plan.failed(name(number), at: .zero) }
        }
        #expect(!plan.isDue(name(0), at: .seconds(999)))
        #expect(plan.isDue(name(0), at: .seconds(1_000)))
    }

    @Test("Failures are remembered up to a limit; those of others do not displace them")
    func limit() {
        var plan = RepairPlan()
        for number in 0...RepairPlan.maxFailures { plan.failed(name(number), at: .zero) }
        #expect(plan.count == RepairPlan.maxFailures)
        #expect(!plan.isDue(name(0), at: .zero))
        #expect(plan.isDue(name(RepairPlan.maxFailures), at: .zero))
    }
}

struct MissingBlobsTests {
    private func names(_ range: Range<Int>) -> [BlobID] { range.map(name).sorted() }

    @Test("Names are kept up to a limit; beyond it the number is that of the last search")
    func limit() {
        let ids = names(0..<MissingBlobs.maxNamed + 3)
        var missing = MissingBlobs()
        missing.found(Set(ids.dropLast(3)), after: nil, through: ids[MissingBlobs.maxNamed - 1])
        #expect(missing.count == MissingBlobs.maxNamed)
        missing.found(Set(ids.suffix(3)), after: ids[MissingBlobs.maxNamed - 1], through: nil)
        #expect(missing.named.count == MissingBlobs.maxNamed)
        #expect(missing.count == MissingBlobs.maxNamed + 3)
        #expect(missing.insert(ids[MissingBlobs.maxNamed]) == false, "One past the limit has no name")
        #expect(missing.count == MissingBlobs.maxNamed + 3, "nor does it count twice")
        #expect(missing.remove(ids[MissingBlobs.maxNamed]) == true)
        #expect(missing.count == MissingBlobs.maxNamed + 2)
        missing.found(Set(ids), after: nil, through: nil)
        #expect(missing.count == MissingBlobs.maxNamed + 3)
        missing.found([], after: nil, through: nil)
        #expect(missing.count == 0)
        #expect(missing.remove(ids[0]) == false)
    }

    @Test("A search of a part says nothing of the others")
    func parts() {
        let ids = names(0..<9)
        var missing = MissingBlobs(Set(ids))
        missing.found([ids[4]], after: ids[2], through: ids[5])
        #expect(missing.named == Set(ids).subtracting([ids[3], ids[5]]))
        missing.found([ids[0]], after: nil, through: ids[2])
        missing.found([], after: ids[5], through: nil)
        #expect(missing.named == [ids[0], ids[4]])
    }
}

struct CompleteReleasesTests {
    @Test("A release is not complete any more when one of its blobs or its manifest is lost")
    func lost() {
        var complete = CompleteReleases()
        complete.insert(name(1), [name(10), name(11)])
        complete.insert(name(2), [name(11), name(12)])
        complete.insert(name(3), [])
        #expect(complete.lost(name(99)) == [])
        #expect(Set(complete.lost(name(11))) == [name(1), name(2)])
        #expect(!complete.contains(name(1)) && !complete.contains(name(2)))
        #expect(complete.contains(name(3)))
        #expect(complete.lost(name(11)) == [])
        #expect(complete.lost(name(3)) == [name(3)])
        complete.insert(name(4), [])
        complete.insert(name(5), [])
        complete.keepOnly([name(5)])
        #expect(complete.count == 1 && complete.contains(name(5)))
    }
}

/// A store in a folder of its own.
private final class Folder {
    private static let threadPool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        return pool
    }()

    let path = NSTemporaryDirectory() + "node-\(UUID().uuidString)"
    private(set) var store: BlobStore
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        store = try BlobStore(folder: path, settings: .init(), threadPool: Folder.threadPool, logger: logger)
    }

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Changes a byte of a blob's file.
    func damage(_ id: BlobID) throws {
        let file = "\(path)/data/\(id.hex.prefix(2))/\(id.hex.dropFirst(2).prefix(2))/\(id.hex)"
        let handle = try #require(FileHandle(forUpdatingAtPath: file))
        try handle.seek(toOffset: 77)
        try handle.write(contentsOf: Data([99]))
        try handle.close()
    }

    func reopen() throws {
        try store.close()
        store = try BlobStore(folder: path, settings: .init(), threadPool: Folder.threadPool, logger: logger)
    }
}

struct RepairerTests {
    /// Peers that have blobs, or have not yet.
    private final class Peers: Sendable {
        struct Absent: Error {}

        let held = Mutex<[BlobID: ByteBuffer]>([:])
        let asked = Mutex<[BlobID]>([])

        func fetch(_ id: BlobID, into store: BlobStore) async throws {
            asked.withLock { $0.append(id) }
            guard let bytes = held.withLock({ $0[id] }) else { throw Absent() }
            _ = try await store.put(bytes)
        }
    }

    @Test("Protected blobs that are not here are asked for after a restart too, until a peer has them")
    func searching() async throws {
        let folder = try Folder()
        let peers = Peers()
        let bytes = (0..<5).map { ByteBuffer(string: "blob \($0)") }
        var ids: [BlobID] = []
        for piece in bytes { ids.append(BlobID(piece.withUnsafeReadableBytes { Blake3.hash($0) })) }
        try await folder.store.pin(Array(ids[0..<4]), by: try #require(PinOwner("user")))
        _ = try await folder.store.put(bytes[0])
        try folder.reopen()
        let store = folder.store
        let repairer = Repairer(store: store, logger: folder.logger) { try await peers.fetch($0, into: store) }
        peers.held.withLock { $0[ids[1]] = bytes[1] }
        #expect(await repairer.search(at: .zero) == Repairer.Search(missing: 3, repaired: 1, failed: 2))
        #expect(Set(peers.asked.withLock { $0 }) == Set(ids[1...3]))
        // Not before its time.
        #expect(await repairer.search(at: .seconds(9)) == Repairer.Search(missing: 2))
        peers.held.withLock { $0[ids[2]] = bytes[2] }
        #expect(await repairer.search(at: .seconds(10)) == Repairer.Search(missing: 2, repaired: 1, failed: 1))
        #expect(await repairer.search(at: .seconds(29)) == Repairer.Search(missing: 1))
        peers.held.withLock { $0[ids[3]] = bytes[3] }
        #expect(await repairer.search(at: .seconds(30)) == Repairer.Search(missing: 1, repaired: 1))
        #expect(await repairer.search(at: .seconds(31)) == Repairer.Search())
        #expect(try store.missing(from: ids) == [ids[4]])
    }

    @Test("A pinned blob that was damaged and cannot be had is lost once, and missing until a peer has it")
    func losing() async throws {
        let folder = try Folder()
        let store = folder.store
        let peers = Peers()
        let bytes = ByteBuffer(repeating: 7, count: 50_000)
        let id = try await store.put(bytes)
        let loose = try await store.put(ByteBuffer(repeating: 8, count: 50_000))
        try await store.pin([id], by: try #require(PinOwner("user")))
        let repairer = Repairer(store: store, logger: folder.logger, firstPause: .zero) {
            try await peers.fetch($0, into: store)
        }
        for damaged in [id, loose] {
            try folder.damage(damaged)
            guard case .damaged = try await store.verify(damaged) else {
                Issue.record("the damage was not found")
                return
            }
        }
        // The report of the damage, and whoever verifies.
        async let isMended: Void = repairer.mend(id)
        async let isRepaired = repairer.repair(id)
        #expect(await isRepaired == false)
        await isMended
        #expect(repairer.tally == Repairer.Tally(missing: MissingBlobs([id]), repaired: 0, lost: 1))
        #expect(await repairer.repair(id) == false)
        await repairer.mend(loose)
        #expect(repairer.tally == Repairer.Tally(missing: MissingBlobs([id]), repaired: 0, lost: 2))

        peers.held.withLock { $0[id] = bytes }
        #expect(await repairer.search(at: .seconds(1_000_000)).repaired == 1)
        #expect(repairer.tally == Repairer.Tally(missing: MissingBlobs(), repaired: 1, lost: 2))
        #expect(await repairer.repair(id))
        #expect(repairer.tally.repaired == 1)
    }

    @Test("One search asks for a limited number of blobs, and the next one for the others")
    func bounded() async throws {
        let folder = try Folder()
        let store = folder.store
        let ids = (0...Repairer.maxFetchesPerSearch).map(name)
        try await store.pin(ids, by: try #require(PinOwner("user")))
        let peers = Peers()
        let repairer = Repairer(store: store, logger: folder.logger) { try await peers.fetch($0, into: store) }
        #expect(await repairer.search(at: .zero).failed == Repairer.maxFetchesPerSearch)
        #expect(await repairer.search(at: .zero).failed == 1)
        #expect(Set(peers.asked.withLock { $0 }) == Set(ids))
        #expect(await repairer.search(at: .zero).failed == 0)
    }
}

struct AnnouncerTests {
    private final class Directory: BlobDirectory {
        let pages = Mutex<[[BlobID]]>([])
        let provided = Mutex<Set<BlobID>>([])

        func provide(_ blobs: [BlobID]) {
            pages.withLock { $0.append(blobs) }
            provided.withLock { $0.formUnion(blobs) }
        }

        func withdraw(_ blobs: [BlobID]) { provided.withLock { $0.subtract(blobs) } }

        func provideOnly(_ blobs: [BlobID], after: BlobID?, through last: BlobID?) {
            let others = provided.withLock { provided in
                provided.filter { key in (after.map { $0 < key } ?? true) && (last.map { key <= $0 } ?? true) }
            }
            withdraw(Array(others))
            provide(blobs)
        }
    }

    private func fill(_ store: BlobStore, _ count: Int) async throws -> [BlobID] {
        var ids: [BlobID] = []
        for number in 0..<count { ids.append(try await store.put(ByteBuffer(string: "blob \(number)"))) }
        return ids.sorted()
    }

    private func limits(count: Int = 1_000) -> Announcer.Limits {
        var limits = Announcer.Limits()
        limits.count = count
        limits.page = 4
        limits.pause = .milliseconds(1)
        return limits
    }

    @Test("The whole store is announced, a page after the other", arguments: [0, 3, 4, 5, 23])
    func pages(count: Int) async throws {
        let folder = try Folder()
        let ids = try await fill(folder.store, count)
        let directory = Directory()
        let announcer = Announcer(store: folder.store, directory: directory, logger: folder.logger, limits: limits())
        await announcer.announceAll()
        #expect(directory.pages.withLock { $0.flatMap { $0 } } == ids)
        #expect(directory.pages.withLock { $0.allSatisfy { $0.count <= 4 } })
    }

    @Test("No more than the limit is announced", arguments: [1, 8, 10, 11, 12])
    func limit(count: Int) async throws {
        let folder = try Folder()
        let ids = try await fill(folder.store, 11)
        let directory = Directory()
        let announcer = Announcer(
            store: folder.store, directory: directory, logger: folder.logger, limits: limits(count: count))
        await announcer.announceAll()
        #expect(directory.pages.withLock { $0.flatMap { $0 } } == Array(ids.prefix(count)))
    }

    @Test("What is announced and not there any more is withdrawn by the next round", arguments: [0, 3, 4, 23])
    func missedRemovals(count: Int) async throws {
        let folder = try Folder()
        let ids = try await fill(folder.store, count)
        let directory = Directory()
        directory.provide((0..<50).map { name($0) })
        let announcer = Announcer(store: folder.store, directory: directory, logger: folder.logger, limits: limits())
        await announcer.announceAll()
        #expect(directory.provided.withLock { $0 } == Set(ids))
    }

    @Test("Behind the last blob that may be announced nothing is withdrawn")
    func missedRemovalsBehindTheLimit() async throws {
        let folder = try Folder()
        let ids = try await fill(folder.store, 23)
        let directory = Directory()
        let announced = (0..<50).map { name($0) }
        directory.provide(announced)
        let announcer = Announcer(
            store: folder.store, directory: directory, logger: folder.logger, limits: limits(count: 8))
        await announcer.announceAll()
        #expect(directory.provided.withLock { $0 } == Set(ids.prefix(8) + announced.filter { $0 > ids[7] }))
    }

    @Test("What is stored and removed while pages go out is announced and withdrawn")
    func changes() async throws {
        let folder = try Folder()
        let ids = try await fill(folder.store, 60)
        let directory = Directory()
        let announcer = Announcer(store: folder.store, directory: directory, logger: folder.logger, limits: limits())
        let running = Task { await announcer.run() }
        while directory.pages.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(1)) }
        var wanted = Set(ids)
        for (number, id) in ids.enumerated() where number % 3 == 0 {
            try folder.store.remove(id)
            wanted.remove(id)
            wanted.insert(try await folder.store.put(ByteBuffer(string: "another \(number)")))
        }
        for _ in 0..<5_000 where directory.provided.withLock({ $0 }) != wanted {
            try await Task.sleep(for: .milliseconds(2))
        }
        #expect(directory.provided.withLock { $0 } == wanted)
        running.cancel()
        await running.value
    }
}
