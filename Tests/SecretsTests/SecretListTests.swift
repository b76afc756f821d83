import Blake3
import Foundation
import Identity
import Ledger
import Testing

@testable import Secrets

@Suite struct SecretListTests {
    private let network = NetworkID(Blake3.hash([1]))
    private let app = AppName("shop")!
    private let owner = SigningKey()

    private func entry(_ name: String, _ byteCount: Int = 3) -> SecretList.Entry {
        SecretList.Entry(name: name, byteCount: byteCount, commitment: Blake3.hash(Array(name.utf8)))
    }

    private func list(_ names: [String], version: UInt64 = 1, key: SigningKey? = nil) throws -> SecretList {
        try SecretList(
            signing: names.map { entry($0) }, of: app, network: network, version: version, key: key ?? owner)
    }

    @Test("A list is read as it was signed, in order of its names", arguments: [[], ["A"], ["B", "A", "C_1"]])
    func roundTrip(_ names: [String]) throws {
        let signed = try list(names, version: 7)
        let read = try SecretList(decoding: signed.encoded, network: network)
        #expect(read == signed && read.entries.map(\.name) == names.sorted())
        #expect(read.version == 7 && read.app == app && read.owner == owner.publicKey)
        #expect(read.entry(named: "A")?.byteCount == (names.contains("A") ? 3 : nil))
    }

    @Test("Every changed byte and every cut is found")
    func tampered() throws {
        let encoded = try list(["A", "B"]).encoded
        for index in encoded.indices {
            var changed = encoded
            changed[index] ^= 0x20
            #expect((try? SecretList(decoding: changed, network: network)) == nil)
            #expect((try? SecretList(decoding: Data(encoded.prefix(index)), network: network)) == nil)
        }
        #expect(throws: SecretsError.self) { try SecretList(decoding: encoded + Data([0]), network: network) }
        #expect(throws: SecretsError.self) {
            try SecretList(decoding: encoded, network: NetworkID(Blake3.hash([2])))
        }
    }

    @Test("Limits: count, lengths, twice the same name")
    func limits() throws {
        let names = (0..<SecretLimits.maxCount).map { "\(String(repeating: "N", count: 61))_\($0 + 10)" }
        let full = try list(names)
        #expect(full.encoded.count <= SecretLimits.maxListBytes)
        #expect(try SecretList(decoding: full.encoded, network: network) == full)
        #expect(throws: SecretsError.self) { try list(names + ["ONE_MORE"]) }
        #expect(throws: SecretsError.self) { try list(["A", "A"]) }
        #expect(throws: SecretsError.self) { try list(["A-B"]) }
        func sized(_ counts: [Int]) throws -> SecretList {
            try SecretList(
                signing: counts.enumerated().map { entry("N\($0)", $1) }, of: app, network: network, version: 1,
                key: owner)
        }
        let largest = SecretLimits.maxValueBytes
        let fitting = SecretLimits.maxTotalBytes / largest
        _ = try sized(Array(repeating: largest, count: fitting))
        #expect(throws: SecretsError.self) { try sized(Array(repeating: largest, count: fitting) + [1]) }
        #expect(throws: SecretsError.self) { try sized([largest + 1]) }
        #expect(throws: SecretsError.self) { try sized([0]) }
    }

    @Test("The newer list is the same one on every node")
    func order() throws {
        let first = try list(["A"], version: 1)
        let second = try list(["B"], version: 2)
        let rival = try list(["C"], version: 2)
        #expect(second.isNewer(than: first) && !first.isNewer(than: second) && !first.isNewer(than: first))
        #expect(second.isNewer(than: rival) != rival.isNewer(than: second))
    }

    // MARK: The book

    private enum Outcome: Equatable {
        case success(SecretBook.Change)
        case failure(SecretsError.Code)
    }

    private struct Offer {
        let what: String
        let list: SecretList
        var values: [String] = []
        var owner: AccountID?
        var result: Outcome
        var missing: [String] = []
    }

    @Test("What a book takes, carries over and refuses")
    func book() throws {
        let account = owner.publicKey.account
        let stranger = SigningKey()
        let first = try list(["A", "B"], version: 1)
        let second = try list(["A", "C"], version: 2)
        let emptied = try list([], version: 3)
        let offers = [
            Offer(what: "nobody owns the name", list: first, result: .failure(.unknown)),
            Offer(
                what: "signed by a stranger", list: try list(["A"], key: stranger), owner: account,
                result: .failure(.wrongOwner)),
            Offer(
                what: "a first list, one value of it", list: first, values: ["A", "Z"], owner: account,
                result: .success(.list), missing: ["B"]),
            Offer(what: "again, nothing new", list: first, owner: account, result: .success(.none), missing: ["B"]),
            Offer(what: "again, with the value", list: first, values: ["B"], owner: account, result: .success(.values)),
            Offer(
                what: "a newer list carries A over", list: second, owner: account, result: .success(.list),
                missing: ["C"]),
            Offer(
                what: "the older one again", list: first, values: ["A", "B"], owner: account,
                result: .failure(.stale), missing: ["C"]),
            Offer(what: "all deleted", list: emptied, owner: account, result: .success(.list)),
            Offer(what: "what was deleted, again", list: second, owner: account, result: .failure(.stale)),
        ]
        var book = SecretBook()
        for offer in offers {
            let values = Dictionary(
                uniqueKeysWithValues: offer.values.map { (entry($0).commitment, Data($0.utf8)) })
            let result: Outcome
            do throws(SecretsError) {
                result = .success(try book.offer(offer.list, values: values, owner: offer.owner))
            } catch {
                result = .failure(error.code)
            }
            #expect(result == offer.result, "\(offer.what)")
            #expect(
                book.held(app, owner: account)?.missing.map(\.name) ?? [] == offer.missing, "\(offer.what)")
        }
        #expect(book.apps == [app])
        #expect(book.held(app, owner: stranger.publicKey.account) == nil)
        // Whoever gets the name begins anew, whatever version the former owner reached.
        let change = try book.offer(try list(["D"], key: stranger), values: [:], owner: stranger.publicKey.account)
        #expect(change == .list && book.held(app, owner: account) == nil)
        book.remove(app)
        #expect(book.apps.isEmpty)
    }
}
