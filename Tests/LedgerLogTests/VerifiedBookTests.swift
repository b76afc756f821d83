import Foundation
import Identity
import Ledger
import LedgerLog
import Testing

/// What a node verified when it was handed in is not verified again, and nothing else is believed for it.
@Suite struct VerifiedBookTests {
    private func transfers(_ count: Int, _ network: Network) throws -> [SignedTransaction] {
        let builder = TransactionBuilder(networkID: network.genesis.networkID, key: network.alice)
        return try (1...count).map {
            try builder.sign(.transfer(to: network.bob.publicKey.account, amount: UInt64($0)), nonce: 1)
        }
    }

    @Test func theNewestAreRememberedByAllTheirBytes() throws {
        let network = try Network()
        let book = VerifiedBook()
        let first = try transfers(1, network)[0]
        #expect(book.transaction(first.bytes) == nil)
        book.note(first)
        book.note(first)
        #expect(book.transaction(first.bytes) == first)
        for index in [0, first.bytes.count / 2, first.bytes.count - 1] {
            var changed = first.bytes
            changed[changed.startIndex + index] ^= 1
            #expect(book.transaction(changed) == nil)
        }
        let others = try transfers(VerifiedBook.maxCount + 1, network)[1...]
        for transaction in others.dropLast() { book.note(transaction) }
        #expect(book.transaction(first.bytes) == first)
        for transaction in others { book.note(transaction) }
        #expect(book.transaction(first.bytes) == nil)
        #expect(try book.transaction(#require(others.first).bytes) != nil)
        #expect(try book.transaction(#require(others.last).bytes) != nil)
    }

    @Test func longOnesAreNotRemembered() throws {
        let network = try Network()
        let book = VerifiedBook()
        let builder = TransactionBuilder(networkID: network.genesis.networkID, key: network.alice)
        for settings in [100, VerifiedBook.maxByteCount] {
            let release = NewRelease(
                kind: .site, manifest: BlobID(network.genesis.networkID.digest), manifestByteCount: 1,
                settings: Data(repeating: 1, count: settings))
            let transaction = try builder.sign(.publishRelease(Network.name("a"), release), nonce: 1)
            book.note(transaction)
            #expect((book.transaction(transaction.bytes) != nil) == (settings == 100))
        }
    }

    @Test func aFollowerThatWasHandedThemReachesTheSameState() async throws {
        let network = try Network()
        let leader = try await network.leader(TemporaryFolder().log(network))
        let followers = try [
            await network.follow(TemporaryFolder().log(network)), await network.follow(TemporaryFolder().log(network)),
        ]
        for step in 1...3 {
            let bytes = try network.claim("n\(step)", nonce: UInt64(step))
            let transaction = try followers[0].read(bytes)
            #expect(transaction.bytes == bytes)
            #expect(try await leader.submit(transaction).sequence == UInt64(step))
        }
        var forged = try network.claim("n4", nonce: 4)
        forged[forged.index(before: forged.endIndex)] ^= 1
        #expect(throws: LedgerError.self) { try followers[0].read(forged) }
        for follower in followers {
            try await follower.ingest(leader.entries(from: 1, limit: 9))
            #expect(follower.state.root == leader.state.root)
        }
    }
}
