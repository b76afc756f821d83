import Blake3
import ControlModel
import Foundation
import Identity
import Ledger
import Testing

@Suite("Orders to purge")
struct PurgeOrderTests {
    private let key = SigningKey()
    private let network = NetworkID(Blake3.hash(Array("network".utf8)))
    private let other = NetworkID(Blake3.hash(Array("other".utf8)))

    private func order(_ scope: PurgeOrder.Scope, _ value: String) throws -> PurgeOrder {
        let app = try #require(AppName("shop"))
        return try PurgeOrder(signing: scope, value, isSoft: true, of: app, network: network, time: 12, key: key)
    }

    @Test(
        "Are read as they were signed",
        arguments: [
            (PurgeOrder.Scope.url, "https://shop.example.org/a?b=c"), (.key, "product-17"), (.host, "shop.example.org"),
            (.everything, ""),
        ])
    func roundTrip(scope: PurgeOrder.Scope, value: String) throws {
        let signed = try order(scope, value)
        let read = try PurgeOrder(decoding: signed.encoded, network: network)
        #expect(read == signed)
        #expect(read.owner == key.publicKey)
    }

    @Test("Two of the same words are two orders")
    func nonce() throws { #expect(try order(.key, "a").encoded != order(.key, "a").encoded) }

    @Test("Are refused with any byte changed or missing, and for another network")
    func refusals() throws {
        let bytes = try order(.key, "product").encoded
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(throws: ControlFailure.self) { try PurgeOrder(decoding: changed, network: network) }
        }
        for count in 0..<bytes.count {
            #expect(throws: ControlFailure.self) { try PurgeOrder(decoding: bytes.prefix(count), network: network) }
        }
        #expect(throws: ControlFailure.self) { try PurgeOrder(decoding: bytes, network: other) }
    }

    @Test("Count for 14 days, and not before they were signed")
    func age() throws {
        let order = try order(.key, "a")
        let last = 12 + PurgeOrder.maxAgeMilliseconds
        for now in [12, last, 12 - PurgeOrder.maxAheadMilliseconds] {
            #expect(throws: Never.self) { try order.checkAge(now: now) }
        }
        for now in [last + 1, 11 - PurgeOrder.maxAheadMilliseconds] {
            #expect(throws: ControlFailure.self) { try order.checkAge(now: now) }
        }
    }

    @Test("Values have limits")
    func limits() throws {
        _ = try order(.url, String(repeating: "a", count: PurgeOrder.maxValueBytes))
        for value in [String(repeating: "a", count: PurgeOrder.maxValueBytes + 1), "", "a\nb"] {
            #expect(throws: ControlFailure.self) { try order(.url, value) }
        }
        #expect(throws: ControlFailure.self) { try order(.everything, "x") }
    }
}
