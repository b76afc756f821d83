import Foundation
import Identity
import SwiftProtobuf
import Testing
import Wire

@testable import Discovery

@Suite("Provider records")
struct ProviderRecordTests {
    private let signer = SigningKey()

    private func signed(_ sequence: UInt64 = 5, expires: Int64 = testWall) throws -> ProviderRecord {
        try .sign(
            key: key(1), sequence: sequence, expiresMillis: expires, isWithdrawn: false, network: testNetwork,
            with: signer)
    }

    /// A record with a body of exactly `bodyBytes`: a field that this version does not know fills it up.
    static func padded(to bodyBytes: Int, key: BlobID, expires: Int64, by signer: SigningKey) throws
        -> PeerPBProviderRecord
    {
        let small = try ProviderRecord.sign(
            key: key, sequence: 5, expiresMillis: expires, isWithdrawn: false, network: testNetwork, with: signer)
        var body = small.message.body
        let padding = bodyBytes - body.count - 3
        body += Data([15 << 3 | 2, UInt8(padding & 0x7f | 0x80), UInt8(padding >> 7)]) + Data(count: padding)
        let signature = try signer.sign(Data("skerry 2026-11 provider record\n".utf8) + body)
        return .with {
            $0.body = body
            $0.signature = signature
        }
    }

    @Test("What is signed comes back and is valid")
    func roundTrip() throws {
        let record = try signed(UInt64(testWall))
        #expect(try ProviderRecord(unverified: record.message, network: testNetwork) == record)
        #expect(record.isSigned(by: signer.publicKey))
        #expect(record.byteCount == ProviderRecord.usualByteCount)
        #expect(!record.isSigned(by: SigningKey().publicKey))
    }

    @Test("One changed bit anywhere makes it invalid or unreadable")
    func flips() throws {
        let record = try signed()
        for bit in stride(from: 0, to: record.signed.count * 8, by: 5) {
            var bytes = record.signed
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let message = PeerPBProviderRecord.with {
                $0.signature = Data(bytes.prefix(64))
                $0.body = Data(bytes.dropFirst(64))
            }
            let read = try? ProviderRecord(unverified: message, network: testNetwork)
            #expect(read?.isSigned(by: signer.publicKey) != true)
        }
    }

    @Test("The largest record is read, one byte more is refused")
    func size() throws {
        let limit = try ProviderRecordTests.padded(to: 936, key: key(1), expires: testWall, by: signer)
        #expect(limit.body.count + limit.signature.count == DiscoverySettings.maxRecordBytes)
        let record = try ProviderRecord(unverified: limit, network: testNetwork)
        #expect(record.isSigned(by: signer.publicKey))
        #expect(record.message == limit)
        let larger = try ProviderRecordTests.padded(to: 937, key: key(1), expires: testWall, by: signer)
        #expect(
            refusal { () throws(DiscoveryError) in _ = try ProviderRecord(unverified: larger, network: testNetwork) }
                == .tooLarge)
    }

    @Test("Wrong lengths, other networks and random bytes have their codes")
    func malformed() throws {
        func code(_ change: (inout PeerPBProviderRecord) -> Void) throws -> DiscoveryError.Code? {
            var message = try signed().message
            change(&message)
            return refusal { () throws(DiscoveryError) in
                _ = try ProviderRecord(unverified: message, network: testNetwork)
            }
        }
        func body(_ change: (inout PeerPBProviderRecordBody) -> Void) throws -> Data {
            var body = try PeerPBProviderRecordBody(serializedBytes: try signed().message.body)
            change(&body)
            return try body.serializedBytes()
        }
        #expect(try code { _ in } == nil)
        #expect(try code { $0.signature.removeLast() } == .malformed)
        #expect(try code { $0.signature.append(0) } == .malformed)
        #expect(try code { $0.body = Data([0xff, 0xff]) } == .malformed)
        let shortKey = try body { $0.key.removeLast() }
        #expect(try code { $0.body = shortKey } == .malformed)
        let longProvider = try body { $0.provider.append(1) }
        #expect(try code { $0.body = longProvider } == .malformed)
        let foreign = try body { $0.network = Data(count: 32) }
        #expect(try code { $0.body = foreign } == .wrongNetwork)
        #expect(try code { $0.body = Data() } == .malformed)
        var random = SeededGenerator(9)
        for count in 0..<400 {
            let bytes = Data((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) })
            #expect(try code { $0.body = bytes } != nil)
        }
    }

    @Test("Life: expired and too far ahead at the limit and one past, whatever the clocks say")
    func life() {
        let life = RecordLife(lifetime: .seconds(7_200), clockTolerance: .seconds(120))
        func code(_ expires: Int64, _ wall: Int64 = testWall) -> DiscoveryError.Code? {
            refusal { () throws(DiscoveryError) in _ = try life.remaining(expiresMillis: expires, wallMillis: wall) }
        }
        #expect(life.expiry(wallMillis: testWall) == testWall + 7_200_000)
        #expect(code(testWall - 119_999) == nil)
        #expect(code(testWall - 120_000) == .expired)
        #expect(code(testWall + 7_320_000) == nil)
        #expect(code(testWall + 7_320_001) == .tooFarAhead)
        for wall in [Int64.min, -1, 0, testWall, .max] {
            #expect(code(.min, wall) == .expired)
            #expect(code(.max, wall) == .tooFarAhead)
            #expect(code(life.expiry(wallMillis: wall), wall) == nil)
        }
    }

    @Test("Verified records are remembered up to a bound")
    func memory() {
        var memory = VerifiedRecords()
        let count = VerifiedRecords.generationSize
        for number in 0...count { memory.insert(digest("\(number)")) }
        #expect(memory.contains(digest("0")))
        for number in 0...count { memory.insert(digest("other \(number)")) }
        #expect(!memory.contains(digest("0")))
        #expect(memory.contains(digest("other \(count)")))
    }
}
