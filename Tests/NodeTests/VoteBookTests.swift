import Blake3
import Foundation
import Identity
import Ledger
import Testing

@testable import Node

@Suite("Votes for checkpoints")
struct VoteBookTests {
    let keys: [SigningKey]
    let committee: Committee
    let network = NetworkID(Blake3.hash([1]))

    init() {
        keys = (0..<4).map { _ in SigningKey() }.sorted { $0.publicKey.node < $1.publicKey.node }
        committee = Committee(keys.map { Committee.Member(publicKey: $0.publicKey, weight: 1) })
    }

    func checkpoint(_ sequence: UInt64, root: UInt8 = 0) -> Checkpoint {
        Checkpoint(
            networkID: network, sequence: sequence, entryHash: Blake3.hash([2]), stateRoot: Blake3.hash([root]),
            epoch: 1,
            committee: committee.hash, nextCommittee: committee.hash)
    }

    func vote(_ index: Int, _ sequence: UInt64, root: UInt8 = 0) throws -> CheckpointVote {
        try CheckpointVote(signing: checkpoint(sequence, root: root), with: keys[index])
    }

    @Test("More than two thirds make a certificate, once")
    func completes() throws {
        var book = VoteBook()
        book.open(checkpoint(10), committee)
        #expect(book.add(try vote(0, 10)) == .counted)
        #expect(book.add(try vote(0, 10)) == .ignored)
        #expect(book.add(try vote(1, 10)) == .counted)
        #expect(book.certificate == nil)
        #expect(book.open.map(\.sequence) == [10])
        guard case .completed(let certificate) = book.add(try vote(2, 10)) else {
            Issue.record("three of four are enough")
            return
        }
        try certificate.verify(by: committee)
        #expect(book.certificate == certificate)
        #expect(book.open.isEmpty)
        #expect(book.add(try vote(3, 10)) == .counted)
        #expect(book.votes(of: [10]).count == 4)
    }

    @Test("Strangers, wrong signatures and unknown checkpoints do not count")
    func ignores() throws {
        var book = VoteBook()
        #expect(book.add(try vote(0, 10)) == .ignored)
        book.open(checkpoint(10), committee)
        #expect(book.add(try CheckpointVote(signing: checkpoint(10), with: SigningKey())) == .ignored)
        let real = try vote(0, 10)
        let forged = CheckpointVote(
            checkpoint: real.checkpoint, node: keys[1].publicKey.node, signature: real.signature)
        #expect(book.add(forged) == .forged)
        #expect(book.add(CheckpointVote(checkpoint: real.checkpoint, node: real.node, signature: Data())) == .forged)
        #expect(book.add(try vote(1, 11)) == .ignored)
        #expect(book.add(real) == .counted)
    }

    @Test("Two votes of one member for one sequence are a proof, whichever comes first", arguments: [true, false])
    func contradiction(_ strangeFirst: Bool) throws {
        var book = VoteBook()
        book.open(checkpoint(10), committee)
        let votes = [try vote(0, 10), try vote(0, 10, root: 9)]
        let ordered = strangeFirst ? votes.reversed() : votes
        #expect(book.add(ordered[0]) == (strangeFirst ? .ignored : .counted))
        #expect(book.add(ordered[1]) == .contradicts(ordered[0]))
        #expect(book.add(ordered[1]) == .ignored)
        // Somebody else's forgery in its name proves nothing.
        let forged = CheckpointVote(
            checkpoint: checkpoint(10, root: 8), node: keys[1].publicKey.node, signature: votes[1].signature)
        #expect(book.add(try vote(1, 10)) == .counted)
        #expect(book.add(forged) == .forged)
    }

    @Test("The book keeps the newest checkpoints, in their order")
    func bounds() throws {
        var book = VoteBook()
        let limit = UInt64(VoteBook.maxCheckpoints)
        for sequence in 1...limit { book.open(checkpoint(sequence), committee) }
        book.open(checkpoint(3, root: 5), committee)
        #expect(book.open.map(\.sequence) == (1...limit).reversed())
        #expect(book.add(try vote(0, 1)) == .counted)
        book.open(checkpoint(limit + 1), committee)
        #expect(book.open.map(\.sequence) == (2...limit + 1).reversed())
        #expect(book.add(try vote(1, 1)) == .ignored)
        #expect(book.add(try vote(0, 2)) == .counted)
        #expect(book.add(try vote(0, limit + 1)) == .counted)
        #expect(book.hasVote(of: keys[0].publicKey.node, for: 2))
        #expect(!book.hasVote(of: keys[1].publicKey.node, for: 2))
        #expect(book.votes(after: 2).map(\.checkpoint.sequence) == [limit + 1])
        #expect(Set(book.committee(of: limit + 1)) == Set(keys.map { $0.publicKey.node }))
        #expect(book.committee(of: 1).isEmpty)
    }

    @Test("Votes that take as long as 64 checkpoints still make a certificate")
    func slowVotes() throws {
        var book = VoteBook()
        for sequence in 1...65 as ClosedRange<UInt64> { book.open(checkpoint(sequence), committee) }
        for index in 0..<2 { #expect(book.add(try vote(index, 1)) == .counted) }
        guard case .completed(let certificate) = book.add(try vote(2, 1)) else {
            Issue.record("the oldest page is gone")
            return
        }
        #expect(certificate.checkpoint.sequence == 1)
    }
}
