import Blake3
import Foundation
import Identity
import Stark
import Testing

@testable import Channels
@testable import Ledger

@Suite("The log of acknowledgments")
struct AckLogTests {
    /// A log's bytes with one batch for each of `batches`.
    private func bytes(_ batches: [[AckRecord]]) -> [UInt8] {
        var bytes = AckLogFormat.header(testNetwork)
        for (number, batch) in batches.enumerated() {
            var records: [UInt8] = []
            for record in batch { record.append(to: &records) }
            bytes += AckLogFormat.batch(UInt64(number), records: records)
        }
        return bytes
    }

    private func read(_ bytes: [UInt8]) throws -> AckLogFormat.Contents {
        try bytes.withUnsafeBytes { try AckLogFormat.read($0, network: testNetwork) }
    }

    /// A channel's opening and three links, one batch each; then a voucher.
    private func sample() throws -> [[AckRecord]] {
        var chain = try PayerChain(seed: seed(1), unitCount: 100)
        let key = PayeeChannel.Key(channel: ChannelID(Blake3.hash([1])), commodity: .bytes)
        let channel = PayeeChannel(key: key, openedSequence: 9, last: try chain.reveal(), voucher: nil)
        var batches = [AckRecord.records(of: channel, slot: 3)]
        for _ in 0..<3 { batches.append([AckRecord(link: try chain.reveal(), slot: 3)]) }
        batches.append(AckRecord.records(of: .init(units: 50, signature: Data(repeating: 7, count: 64)), slot: 3))
        return batches
    }

    @Test("A record has 44 bytes, and comes back as it was")
    func records() throws {
        for record in try sample().joined() {
            var bytes: [UInt8] = []
            record.append(to: &bytes)
            #expect(bytes.count == 44)
            #expect(bytes.withUnsafeBytes { AckRecord($0) } == record)
        }
    }

    @Test("What calls owe is what the last record of it says")
    func debts() throws {
        let key = PayeeChannel.Key(channel: ChannelID(Blake3.hash([1])), commodity: .compute)
        var channel = PayeeChannel(key: key, openedSequence: 9, last: nil, voucher: nil, debt: .max)
        var batches = [AckRecord.records(of: channel, slot: 3)]
        #expect(try read(bytes(batches)).state.channels == [channel])
        batches.append([AckRecord(.debt, slot: 3, number: 1), AckRecord(.debt, slot: 3, number: 1_500)])
        channel.debt = 1_500
        #expect(try read(bytes(batches)).state.channels == [channel])
        batches.append([AckRecord(.forget, slot: 3)])
        #expect(try read(bytes(batches)).state.channels.isEmpty)
        #expect(code { _ = try read(bytes(batches + [[AckRecord(.debt, slot: 3, number: 1)]])) } == .log)
    }

    @Test("A log that is cut off anywhere has all whole batches before the cut")
    func cutAnywhere() throws {
        let batches = try sample()
        let whole = bytes(batches)
        var ends = [AckLogFormat.headerByteCount]
        for batch in batches { ends.append(ends[ends.count - 1] + 32 + 44 * batch.count) }
        #expect(ends.last == whole.count)
        for length in 0...whole.count {
            let cut = Array(whole.prefix(length))
            guard length >= AckLogFormat.headerByteCount else {
                #expect(code { _ = try read(cut) } == .log)
                continue
            }
            let count = ends.count { $0 <= length } - 1
            // Cut, and torn: the length is there, the bytes are still zeros or what was there before.
            for rest in [[], [UInt8](repeating: 0, count: 200), [UInt8](repeating: 0xff, count: 200)] {
                let contents = try read(cut + rest)
                #expect(contents.batchCount == UInt64(count))
                let units = contents.state.channels.first?.units
                #expect(units == (count == 0 ? nil : UInt64(min(count, 4))))
                #expect(contents.state.channels.first?.voucher?.units == (count == 5 ? 50 : nil))
            }
        }
    }

    @Test("A flipped bit anywhere ends the log in front of its batch")
    func flippedBits() throws {
        let batches = try sample()
        let whole = bytes(batches)
        for place in AckLogFormat.headerByteCount..<whole.count {
            var bytes = whole
            bytes[place] ^= 0x10
            let contents = try read(bytes)
            #expect(contents.byteCount <= place)
            #expect(contents.batchCount < 5)
        }
        for place in 0..<AckLogFormat.headerByteCount {
            var bytes = whole
            bytes[place] ^= 1
            #expect(code { _ = try read(bytes) } == .log)
        }
    }

    @Test("Batches that were torn in pieces of the disk's sectors never count in part")
    func tornSectors() throws {
        let batches = try sample()
        let before = bytes(Array(batches.dropLast()))
        let whole = bytes(batches)
        // The last batch with any set of its 8-byte pieces written.
        let pieces = (whole.count - before.count + 7) / 8
        for lost in 0..<pieces {
            var torn = whole
            for place in before.count + lost * 8..<min(torn.count, before.count + lost * 8 + 8) { torn[place] = 0 }
            let contents = try read(torn)
            #expect(contents.batchCount == (torn == whole ? 5 : 4))
        }
    }

    @Test("Another network's log, and records that make no sense, are refused and not dropped")
    func refusals() throws {
        let record = AckRecord(.link, slot: 1, number: 1)
        #expect(code { _ = try read(bytes([[record]])) } == .log)
        var batches = try sample()
        batches.append([AckRecord(.voucherBack, slot: 3, number: 60)])
        #expect(code { _ = try read(bytes(batches)) } == .log)
        let other = AckLogFormat.header(NetworkID(Blake3.hash([0])))
        #expect(code { _ = try read(other) } == .log)
        var unknown: [UInt8] = []
        record.append(to: &unknown)
        unknown[0] = 0xf0
        #expect(
            code { _ = try read(AckLogFormat.header(testNetwork) + AckLogFormat.batch(0, records: unknown)) } == .log)
    }

    // MARK: On the disk

    private func settings(_ byteCount: Int = 4096) -> AckLogSettings {
        var settings = AckLogSettings()
        settings.byteCount = byteCount
        return settings
    }

    @Test("A file that is torn at any byte opens with what was whole, and can be written again")
    func tornFile() throws {
        let folder = try TestFolder()
        let batches = try sample()
        let whole = bytes(batches)
        for length in stride(from: AckLogFormat.headerByteCount, through: whole.count, by: 7) {
            try Data(whole.prefix(length)).write(to: URL(fileURLWithPath: folder.path + "/acks.log"))
            // What a crash while compacting leaves.
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: folder.path + "/acks.new"))
            let first = try AckLog.open(folder: folder.path, network: testNetwork, settings: settings())
            let units = first.channels.first?.units
            first.log.close()
            let second = try AckLog.open(folder: folder.path, network: testNetwork, settings: settings())
            #expect(second.channels.first?.units == units)
            second.log.close()
        }
    }

    @Test("The log stays as small as its channels, however many acknowledgments come")
    func compacts() async throws {
        let folder = try TestFolder()
        let key = SigningKey()
        var payer = try TestPayer(payee: key.publicKey, units: 2000)
        let ledger = try PayeeLedger(folder: folder.path, key: key, network: testNetwork, log: settings())
        let opening = try payer.opening()
        let session = try ledger.open(opening, record: payer.record, holder: payer.holder, at: 0).session
        for index in 0..<1900 {
            _ = try ledger.acknowledge(SessionAck(session: session, link: payer.chain.reveal()), holder: payer.holder)
            if index % 50 == 0 { try await ledger.flush() }
        }
        try await ledger.flush()
        #expect(ledger.durableRecords >= 1900)
        let size = try FileManager.default.attributesOfItem(atPath: folder.path + "/acks.log")[.size] as? Int
        #expect(size == 4096)
        // As after kill -9: the lock goes with the process, the file stays as it is.
        let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: folder.path + "/acks.log")))
        #expect(try read(bytes).state.channels.map(\.units) == [1900])
        ledger.close()
    }

    @Test("A log of a size that its channels have outgrown grows with them")
    func grows() async throws {
        let folder = try TestFolder()
        let key = SigningKey()
        let ledger = try PayeeLedger(folder: folder.path, key: key, network: testNetwork, log: settings())
        for number: UInt64 in 0..<100 {
            var payer = try TestPayer(payee: key.publicKey, units: 64, number: number)
            let session = try ledger.open(payer.opening(), record: payer.record, holder: payer.holder, at: 0).session
            _ = try ledger.acknowledge(SessionAck(session: session, link: payer.chain.reveal()), holder: payer.holder)
            if number % 10 == 0 { try await ledger.flush() }
        }
        try await ledger.flush()
        ledger.close()
        let log = try AckLog.open(folder: folder.path, network: testNetwork, settings: settings())
        #expect(log.channels.count == 100)
        log.log.close()
    }

    @Test("A log that cannot be written takes nothing, keeps what it had, and goes on by itself")
    func recovers() async throws {
        let folder = try TestFolder()
        let key = SigningKey()
        var payer = try TestPayer(payee: key.publicKey, units: 256)
        var settings = settings()
        settings.retryTime = .milliseconds(5)
        let first = try PayeeLedger(folder: folder.path, key: key, network: testNetwork, log: settings)
        let begun = try first.open(payer.opening(), record: payer.record, holder: payer.holder, at: 0).session
        _ = try first.acknowledge(SessionAck(session: begun, link: payer.chain.reveal()), holder: payer.holder)
        try await first.flush()
        first.close()

        // A folder in the new file's place: it cannot be made, whoever tries.
        let obstacle = folder.path + "/acks.new"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        let second = try PayeeLedger(folder: folder.path, key: key, network: testNetwork, log: settings)
        #expect(second.logFailure?.code == .log)
        let opened = try second.open(payer.opening(), record: payer.record, holder: payer.holder, at: 0).session
        let ack = SessionAck(session: opened, link: try payer.chain.reveal())
        let holder = payer.holder
        #expect(code { _ = try second.acknowledge(ack, holder: holder) } == .log)
        // What was taken before is on the disk, and may be settled.
        try await second.flush()
        #expect(try AckLogTests.units(folder) == [1])

        try FileManager.default.removeItem(atPath: obstacle)
        for _ in 0..<5_000 where second.logFailure != nil { try await Task.sleep(for: .milliseconds(2)) }
        #expect(second.logFailure == nil)
        _ = try second.acknowledge(ack, holder: holder)
        try await second.flush()
        #expect(try AckLogTests.units(folder) == [2])
        second.close()
    }

    /// What the channels acknowledged, as it is on the disk.
    private static func units(_ folder: TestFolder) throws -> [UInt64] {
        let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: folder.path + "/acks.log")))
        return try bytes.withUnsafeBytes { try AckLogFormat.read($0, network: testNetwork) }.state.channels.map(\.units)
    }

    @Test("Nothing of a new file stays that could not take the old one's place")
    func leftovers() throws {
        let folder = try TestFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/acks.log", withIntermediateDirectories: false)
        #expect(
            code {
                _ = try LogFile.replace(folder: folder.path, records: [], network: testNetwork, byteCount: 4096)
            } == .log)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["acks.log"])
    }

    @Test("Before the disk is behind without limit, nothing more is taken")
    func isBounded() throws {
        let folder = try TestFolder()
        var settings = settings()
        settings.maxWaitingBytes = 10 * AckRecord.byteCount
        let (log, _) = try AckLog.open(folder: folder.path, network: testNetwork, settings: settings)
        let record = AckRecord(.forget, slot: 0)
        for _ in 0..<10 { try log.append(record) }
        #expect(code { try log.append(record) } == .log)
        #expect(code { try log.admit() } == .log)
        log.close()
    }
}
