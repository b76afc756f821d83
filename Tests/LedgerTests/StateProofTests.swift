import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

@Suite struct StateProofTests {
    /// A state with `count` accounts of balance 1,000 + their number, beside those of the small world.
    static func state(_ count: Int) throws -> LedgerState {
        var state = try World().state
        for number in 0..<count {
            var record = AccountRecord(account(number))
            record.balance = 1_000 + UInt64(number)
            state.accountTable.put(record)
        }
        state.sealTables()
        return state
    }

    static func account(_ number: Int) -> AccountID { AccountID(Blake3.hash(Array("account \(number)".utf8))) }

    @Test(arguments: [0, 1, 2, 3, 17, 64, 65, 500])
    func provesWhatIsThereAndWhatIsNot(count: Int) throws {
        let state = try Self.state(count)
        let root = state.root
        for number in 0..<count + 20 {
            let id = Self.account(number)
            let proof = state.proof(ofAccount: id)
            #expect(try proof.account(id, root: root) == state.account(id))
            let decoded = try StateProof(decoding: proof.bytes)
            #expect(decoded == proof)
            #expect(decoded.bytes == proof.bytes)
        }
    }

    @Test func provesRowsOfEveryKind() throws {
        var world = try World()
        let name = try AppName(checking: "shop")
        try world.run(.claimName(name), by: world.alice)
        let release = try world.publish(1, name, by: world.alice)
        let (state, root) = (world.state, world.state.root)
        let node = world.helper.publicKey.node
        #expect(try state.proof(ofNode: node).node(node, root: root) == state.node(node))
        #expect(state.node(node) != nil)
        #expect(try state.proof(ofName: name).name(name, root: root) == state.name(name))
        let proof = state.proof(ofRelease: release, of: name)
        #expect(try proof.release(release, of: name, root: root) == state.release(release, of: name))
        let free = try AppName(checking: "free")
        #expect(try state.proof(ofName: free).name(free, root: root) == nil)
        let channel = ChannelID(Blake3.hash([1]))
        #expect(try state.proof(ofChannel: channel).channel(channel, root: root) == nil)
        let domain = try DomainName(checking: "shop.example.org")
        #expect(try state.proof(ofDomain: domain).domain(domain, root: root) == nil)
    }

    @Test func staysSmall() throws {
        let state = try Self.state(4_000)
        let sizes = (0..<200).map { state.proof(ofAccount: Self.account($0)).bytes.count }
        // A million accounts have eight levels more, 34 bytes each.
        let largest = try #require(sizes.max())
        #expect(largest + 8 * 34 <= 1_500)
        #expect(sizes.reduce(0, +) / sizes.count + 8 * 34 <= 1_350)
    }

    @Test func refusesOtherRootsRowsAndTables() throws {
        let state = try Self.state(50)
        let (id, other) = (Self.account(1), Self.account(2))
        let proof = state.proof(ofAccount: id)
        #expect(throws: LedgerError.self) { try proof.account(other, root: state.root) }
        #expect(throws: LedgerError.self) { try proof.account(id, root: Blake3.hash([1])) }
        #expect(throws: LedgerError.self) { try proof.node(NodeID(id.digest), root: state.root) }
    }

    /// A proof that a row is absent, made from the proof of another row that is there, must not be accepted.
    @Test func refusesAbsenceOfWhatIsThere() throws {
        let state = try Self.state(50)
        let id = Self.account(1)
        let real = state.proof(ofAccount: id)
        for number in 2..<50 {
            let other = state.proof(ofAccount: Self.account(number))
            for depth in 0...other.siblings.count {
                let forged = StateProof(
                    header: real.header, table: real.table, path: id.digest,
                    siblings: Array(other.siblings.prefix(depth)), leaf: other.leaf)
                #expect(throws: LedgerError.self) { try forged.account(id, root: state.root) }
            }
        }
        let without = StateProof(
            header: real.header, table: real.table, path: id.digest, siblings: real.siblings, leaf: nil)
        #expect(throws: LedgerError.self) { try without.account(id, root: state.root) }
    }

    /// Whatever is decoded from damaged bytes either says the same or proves nothing; nothing traps.
    @Test func damagedBytesProveNothingElse() throws {
        var random = SeededRandom(seed: 9)
        let state = try Self.state(200)
        let root = state.root
        for step in 0..<3_000 {
            let id = Self.account(step % 220)
            let bytes = state.proof(ofAccount: id).bytes.mutated(&random)
            guard let proof = try? StateProof(decoding: bytes) else { continue }
            #expect(proof.bytes == bytes)
            if let record = try? proof.account(id, root: root) { #expect(record == state.account(id)) }
        }
        for _ in 0..<2_000 { _ = try? StateProof(decoding: Data.random(upTo: 200, &random)) }
        #expect(throws: LedgerError.self) {
            try StateProof(decoding: Data(count: StateProof.maxByteCount + 1))
        }
    }
}
