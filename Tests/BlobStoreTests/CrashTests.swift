import Foundation
import Identity
import Testing

@testable import BlobStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A process that works on a store is killed again and again; nothing that it was promised may be missing afterwards.
///
/// `SKERRY_CRASH_ROUNDS` sets the number of rounds, `SKERRY_CRASH_SEED` repeats the choices of an earlier run. What the
/// operating system schedules in between is different every time.
@Suite(.serialized) struct CrashTests {
    private struct Summary: Sendable, CustomStringConvertible {
        var rounds = 0
        var killedWhileOpening = 0
        var acknowledged = 0
        var pinned = 0
        var verified = 0
        var resumed = 0
        var evicted = 0
        var strays = 0
        var collections = 0
        var refusals = 0

        mutating func add(_ other: Summary) {
            rounds += other.rounds
            killedWhileOpening += other.killedWhileOpening
            acknowledged += other.acknowledged
            pinned += other.pinned
            verified += other.verified
            resumed += other.resumed
            evicted += other.evicted
            strays += other.strays
            collections += other.collections
            refusals += other.refusals
        }

        var description: String {
            """
            \(rounds) kills (\(killedWhileOpening) while opening), \(acknowledged) blobs acknowledged (\(pinned) of them \
            pinned), \(verified) verified afterwards, \(resumed) partial blobs resumed, \(evicted) unpinned blobs \
            evicted or collected, \(collections) collections begun, \(refusals) writes refused, \(strays) files \
            without a row found
            """
        }
    }

    private static let defaultRounds = 200
    /// Rounds that go on at a time, each on a store of its own: one waits while the other checks.
    private static let lanes = 2
    private static let quotaBytes = 6_000_000
    private let environment = ProcessInfo.processInfo.environment

    @Test func nothingPromisedIsLost() async throws {
        let rounds = environment["SKERRY_CRASH_ROUNDS"].flatMap(Int.init) ?? Self.defaultRounds
        let seed = environment["SKERRY_CRASH_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<1_000_000)
        let summary = try await withThrowingTaskGroup(of: Summary.self) { group in
            for lane in 0..<Self.lanes {
                let share = (rounds + lane) / Self.lanes
                group.addTask { try await killAgainAndAgain(share, seed: seed &+ UInt64(lane)) }
            }
            return try await group.reduce(into: Summary()) { $0.add($1) }
        }
        print("crash test, seed \(seed): \(summary)")
        #expect(summary.rounds == rounds && summary.acknowledged > rounds)
    }

    private func killAgainAndAgain(_ rounds: Int, seed: UInt64) async throws -> Summary {
        let folder = NSTemporaryDirectory() + "crash-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var random = SplitMix(seed: seed)
        var summary = Summary()
        var safe: Set<BlobID> = []
        var loose: Set<BlobID> = []
        for round in 0..<rounds {
            let lines = try await runAndKill(folder, seed: random.next() >> 8, &random, &summary)
            for line in lines {
                let words = line.split(separator: " ")
                let id = words.count > 1 ? BlobID(String(words[1])) : nil
                switch (words.first, id) {
                case ("safe", let id?):
                    safe.insert(id)
                    loose.remove(id)
                    summary.pinned += 1
                    summary.acknowledged += 1
                case ("stored", let id?):
                    if !safe.contains(id) { loose.insert(id) }
                    summary.acknowledged += 1
                case ("loose", let id?):
                    safe.remove(id)
                    loose.insert(id)
                case ("resumed", _): summary.resumed += 1
                case ("collecting", _): summary.collections += 1
                case ("refused", _): summary.refusals += 1
                default: break
                }
            }
            try await check(folder, safe, &loose, &summary, "seed \(seed), round \(round)")
        }
        return summary
    }

    /// Every blob is whole, everything promised is there, and nothing is left over.
    private func check(
        _ folder: String, _ safe: Set<BlobID>, _ loose: inout Set<BlobID>, _ summary: inout Summary,
        _ place: String
    ) async throws {
        var settings = BlobStore.Settings()
        settings.quotaBytes = Self.quotaBytes
        let store = try Fixture.open(folder + "/store", settings)
        let report = try await store.verifyAll()
        #expect(report.damagedBlobs == 0, "\(place): \(report.damaged)")
        summary.verified += report.blobs
        #expect(try store.missing(from: Array(safe)) == [], "\(place)")
        let gone = try store.missing(from: Array(loose))
        summary.evicted += gone.count
        loose.subtract(gone)
        // A kill between a removed row and its file leaves the file to the next collection.
        let collected = try await store.collect(CollectionPolicy(minimumAge: day))
        #expect(collected.lostBlobs == 0 && collected.removedBlobs == 0, "\(place): \(collected)")
        summary.strays += collected.strayFiles + collected.adoptedBlobs
        let rest = try await store.collect(CollectionPolicy(minimumAge: day, isDryRun: true))
        #expect(rest.strayFiles == 0 && rest.lostBlobs == 0, "\(place): \(rest)")
        let rows = try store.listing(limit: .max)
        let stats = rows.compactMap(\.stat)
        let kept = rows.filter(\.isProtected).compactMap(\.stat)
        #expect(store.usage == (stats.count, stats.reduce(0) { $0 + $1.byteCount }), "\(place)")
        #expect(store.protectedUsage == (kept.count, kept.reduce(0) { $0 + $1.byteCount }), "\(place)")
        let leftovers = try FileManager.default.contentsOfDirectory(atPath: folder + "/store/tmp")
        #expect(leftovers.isEmpty, "\(place)")
        try store.close()
    }

    /// Runs the exerciser until a random moment; what it said.
    private func runAndKill(
        _ folder: String, seed: UInt64, _ random: inout SplitMix, _ summary: inout Summary
    ) async throws -> [String] {
        let log = folder + "/log"
        try Data().write(to: URL(filePath: log))
        let process = Process()
        process.executableURL = URL(filePath: Self.exerciser)
        process.arguments = [folder + "/store", "\(seed)", "\(Self.quotaBytes)"]
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: log))
        let early = random.next() % 5 == 0
        let delay = random.next() % (early ? 40 : 150)
        try process.run()
        while !early, process.isRunning, try Data(contentsOf: URL(filePath: log)).isEmpty {
            try await Task.sleep(for: .milliseconds(1))
        }
        try await Task.sleep(for: .milliseconds(Int(delay)))
        #expect(process.isRunning, "the exerciser ended by itself")
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let lines = try String(contentsOf: URL(filePath: log), encoding: .utf8).split(separator: "\n").map(String.init)
        summary.rounds += 1
        if lines.isEmpty { summary.killedWhileOpening += 1 }
        return lines
    }

    /// Beside the tests, where the build puts it.
    private static var exerciser: String {
        let program = CommandLine.arguments[0]
        return program[..<(program.lastIndex(of: "/") ?? program.startIndex)] + "/store-exerciser"
    }
}
