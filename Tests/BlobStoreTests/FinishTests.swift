import Blake3
import Dispatch
import Foundation
import GRDB
import Identity
import NIOCore
import Synchronization
import Testing

@testable import BlobStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What becomes of a blob whose last step goes wrong.
@Suite struct FinishTests {
    private let disk = ManualFaults()
    private let bytes = noise(700_000)

    private var id: BlobID { digest(bytes) }

    private func fixture() throws -> Fixture { try Fixture { $0.faults = disk.faults } }

    private func begin(_ fixture: Fixture) throws -> BlobAssembly {
        try fixture.store.assemble(id, byteCount: 700_000, blockValues: values(of: bytes))
    }

    private func beginWhole(_ fixture: Fixture) async throws -> BlobAssembly {
        let assembly = try begin(fixture)
        for (index, part) in blocks(of: bytes).enumerated() { try await assembly.write(block: index, part) }
        return assembly
    }

    private func expectKept(_ fixture: Fixture) throws {
        let partial = try #require(try fixture.store.partial(id))
        #expect(partial.held.isFull)
        #expect(!partial.isOpen)
        #expect(try fixture.names(in: "partial") == [id.hex, "\(id.hex).blocks", "\(id.hex).map"])
        #expect(try fixture.names(in: "tmp").isEmpty)
        #expect(try fixture.dataFiles().isEmpty)
        #expect(try !fixture.store.contains(id))
        #expect(fixture.store.state.space.withLock { $0.claimedBytes + $0.landing.count } == 0)
    }

    private func complete(_ fixture: Fixture) async throws {
        let assembly = try begin(fixture)
        #expect(assembly.held.isFull)
        try await assembly.finish()
        #expect(try await fixture.store.readAll(id, limit: .max) == bytes)
        #expect(try fixture.names(in: "partial").isEmpty)
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test func aDiskThatIsFullAtTheEndKeepsWhatArrived() async throws {
        let fixture = try fixture()
        disk.onWriting { $0.contains("/data/") ? ENOSPC : nil }
        let assembly = try await beginWhole(fixture)
        #expect(await code { try await assembly.finish() } == .diskFull)
        #expect(await code { try await assembly.finish() } == .closed)
        try expectKept(fixture)
        let again = try begin(fixture)
        #expect(await code { try await again.finish() } == .diskFull)
        try fixture.reopen()
        try expectKept(fixture)
        disk.clear()
        try await complete(fixture)
    }

    @Test func anIndexThatRefusesTheRowKeepsWhatArrived() async throws {
        let fixture = try fixture()
        let queue = try DatabaseQueue(path: "\(fixture.folder)/blobs.sqlite")
        try await queue.write {
            try $0.execute(
                sql: "CREATE TRIGGER refuse BEFORE INSERT ON blob BEGIN SELECT RAISE(ABORT, 'refused'); END")
        }
        let assembly = try await beginWhole(fixture)
        #expect(await code { try await assembly.finish() } == .indexFailed)
        try expectKept(fixture)
        // What is only temporary goes.
        #expect(await code { _ = try await fixture.store.put(noise(300_000, seed: 2)) } == .indexFailed)
        #expect(try fixture.names(in: "tmp").isEmpty)
        #expect(try fixture.dataFiles().isEmpty)
        try await queue.write { try $0.execute(sql: "DROP TRIGGER refuse") }
        try queue.close()
        try fixture.reopen()
        try expectKept(fixture)
        try await complete(fixture)
    }

    @Test func closingWaitsForAFinishThatIsUnderWay() async throws {
        let fixture = try fixture()
        let (reached, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        disk.onWriting { path in
            if path.contains("/data/") {
                reached.signal()
                goOn.wait()
            }
            return nil
        }
        let assembly = try await beginWhole(fixture)
        async let finished: Void = assembly.finish()
        await blocking { reached.wait() }
        let (store, isClosed) = (fixture.store, Flag())
        let closing = Task {
            await blocking {
                #expect(throws: Never.self) { try store.close() }
                isClosed.set()
            }
        }
        async let suspended: Void = assembly.suspend()
        try await Task.sleep(for: .milliseconds(50))
        #expect(!isClosed.value)
        goOn.signal()
        try await finished
        await suspended
        _ = await closing.value
        disk.clear()
        try fixture.reopen()
        #expect(try await fixture.store.readAll(id, limit: .max) == bytes)
        #expect(try fixture.names(in: "partial").isEmpty)
    }

    @Test func closingBeforeTheLastStepKeepsWhatArrived() async throws {
        let fixture = try fixture()
        await (try await beginWhole(fixture)).suspend()
        try fixture.reopen()
        let assembly = try begin(fixture)
        let (store, isClosed) = (fixture.store, Flag())
        // Blocks of an earlier session are verified first; the store closes meanwhile.
        disk.onReading { path in
            if path.contains("/partial/"), isClosed.set() { try? store.close() }
            return nil
        }
        #expect(await code { try await assembly.finish() } == .closed)
        disk.clear()
        #expect(try fixture.names(in: "partial").count == 3)
        try fixture.reopen()
        try expectKept(fixture)
        try await complete(fixture)
    }

    @Test func suspendingWaitsForAFinishThatIsUnderWay() async throws {
        let fixture = try fixture()
        let goOn = DispatchSemaphore(value: 0)
        let (isReached, isSuspended) = (Flag(), Flag())
        disk.onWriting { path in
            if path.contains("/data/") {
                isReached.set()
                goOn.wait()
            }
            return ENOSPC
        }
        let assembly = try await beginWhole(fixture)
        let finishing = Task { await code { try await assembly.finish() } }
        #expect(try await eventually { isReached.value })
        let suspending = Task {
            await assembly.suspend()
            isSuspended.set()
        }
        try await Task.sleep(for: .milliseconds(50))
        #expect(!isSuspended.value)
        disk.clear()
        goOn.signal()
        _ = await suspending.value
        #expect(await finishing.value == .diskFull)
        try expectKept(fixture)
    }

    @Test func aMapThatCouldNotBeWrittenIsWrittenLater() async throws {
        let fixture = try fixture()
        disk.onWriting { $0.hasSuffix(".map") ? ENOSPC : nil }
        let assembly = try await beginWhole(fixture)
        await assembly.suspend()
        #expect(try fixture.store.partial(id)?.held.isFull == true)
        #expect(try !fixture.names(in: "partial").contains("\(id.hex).map"))
        disk.clear()
        try fixture.reopen()
        try expectKept(fixture)
        try await complete(fixture)
    }

    @Test(arguments: ["", ".blocks"], [false, true])
    func aStoredFileOfAnotherLengthIsReplaced(suffix: String, assembles: Bool) async throws {
        let fixture = try Fixture()
        _ = try await fixture.store.put(bytes)
        _ = try await fixture.store.block(id, 0)
        truncate(fixture.dataFile(id) + suffix, 40)
        if assembles {
            try await (try await beginWhole(fixture)).finish()
        } else {
            _ = try await fixture.store.put(bytes)
        }
        try fixture.reopen()
        #expect(try await fixture.store.readAll(id, limit: .max) == bytes)
        #expect(fixture.store.usage == (1, 700_000))
        #expect(try fixture.names(in: "tmp").isEmpty)
        #expect(try fixture.names(in: "corrupt").isEmpty)
    }

    @Test func aFileThatIsNotReadyInTimeIsNotMoved() async throws {
        let gate = PublicationGate()
        let (reached, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let late = Task.detached {
            await blocking {
                Result {
                    try gate.pass {
                        reached.signal()
                        goOn.wait()
                    } move: { () -> Void in
                        Issue.record("moved behind the end")
                    }
                }
            }
        }
        await blocking { reached.wait() }
        await blocking { gate.close(patience: .milliseconds(20)) }
        goOn.signal()
        #expect(await code { try await late.value.get() } == .closed)
        #expect(
            await code {
                try gate.pass {
                } move: {
                }
            } == .closed)
    }
}

/// Runs what waits for others on a thread that nobody else needs.
private func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { waiter in
        Thread { waiter.resume(returning: body()) }.start()
    }
}
