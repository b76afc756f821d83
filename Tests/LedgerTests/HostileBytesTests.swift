import Blake3
import Foundation
import Identity
import SwiftProtobuf
import Testing
import Wire

@testable import Ledger

/// Bytes that nobody should have sent: whatever they are, reading and executing them ends with a value or an error.
@Suite struct HostileBytesTests {
    private static let rounds = 20_000

    @Test func transactions() throws {
        var random = SeededRandom(seed: 11)
        var world = try World()
        let name = try AppName(checking: "shop")
        let seeds = try [
            world.sign(.claimName(name), by: world.alice).bytes,
            world.sign(.publishRelease(name, World.site(1)), by: world.alice).bytes,
            world.sign(
                .updateNode(world.helper.publicKey.node, peer: Endpoint(host: "h", port: 1), gateway: nil),
                by: world.helper, as: .node
            ).bytes,
        ]
        var accepted = 0
        for round in 0..<HostileBytesTests.rounds {
            let bytes = round % 4 == 0 ? Data.random(upTo: 300, &random) : seeds[round % 3].mutated(&random)
            guard let transaction = try? SignedTransaction(decoding: bytes) else { continue }
            accepted += 1
            _ = world.state.execute(transaction, timeMilliseconds: .random(in: .min ... .max, using: &random))
        }
        // Only a mutation that undid itself leaves the signature valid.
        #expect(accepted < 500)
    }

    @Test func bodiesThatASignerMadeUp() throws {
        var random = SeededRandom(seed: 14)
        var world = try World()
        let name = try AppName(checking: "shop")
        let seed = try world.sign(.publishRelease(name, World.site(1)), by: world.alice)
        let body = try LedgerPBTransaction(serializedBytes: seed.bytes).body
        try world.run(.claimName(name), by: world.bob)
        var accepted = 0
        for _ in 0..<4_000 {
            var envelope = LedgerPBTransaction()
            envelope.body = body.mutated(&random)
            envelope.publicKey = world.alice.publicKey.bytes
            envelope.signature = try world.alice.sign(Data("skerry 2026-11 transaction\n".utf8) + envelope.body)
            guard let transaction = try? SignedTransaction(decoding: envelope.serializedData()) else { continue }
            accepted += 1
            let outcome = world.state.execute(transaction, timeMilliseconds: .random(in: .min ... .max, using: &random))
            #expect(!outcome.isApplied)
        }
        #expect(accepted > 100)
    }

    /// Bodies of every kind, damaged, with network, nonce and signature made right again.
    @Test func actionsThatSignersMadeUp() throws {
        var world = try World { $0.channelGraceMilliseconds = 100 }
        var actions = try RandomActions(seed: 16, world)
        var (decoded, applied) = (0, 0)
        for _ in 0..<2_000 {
            let time = world.state.timeMilliseconds + .random(in: 0...9_000, using: &actions.random)
            let seed = try actions.next(world, timeMilliseconds: time)
            let body = try LedgerPBTransaction(serializedBytes: seed.bytes).body
            guard var made = try? LedgerPBTransactionBody(serializedBytes: body.mutated(&actions.random)) else {
                continue
            }
            let key = Bool.random(using: &actions.random) ? world.alice : world.helper
            let isNode = key.publicKey == world.helper.publicKey
            let signer: Signer = isNode ? .node(key.publicKey.node) : .account(key.publicKey.account)
            made.networkID = Data(world.genesis.networkID.digest.bytes)
            made.signerKind = isNode ? .node : .account
            made.nonce = world.state.nonce(of: signer) + 1
            guard let transaction = try? SignedTransaction(signing: made, with: key) else { continue }
            decoded += 1
            let before = world.state.root
            let outcome = world.state.execute(transaction, timeMilliseconds: time)
            #expect(outcome.isApplied != (world.state.root == before))
            applied += outcome.isApplied ? 1 : 0
        }
        #expect(world.state.audit().problems == [])
        #expect(decoded > 200)
        #expect(applied > 20)
        print("\(decoded) damaged transactions were executed, \(applied) of them applied")
    }

    @Test func headersThatTheSequencerMadeUp() throws {
        var random = SeededRandom(seed: 15)
        let world = try World()
        let seed = try Entry(following: world.state, transactions: [], timeMilliseconds: 0, key: world.sequencer)
        for _ in 0..<4_000 {
            var message = try LedgerPBEntry(serializedBytes: seed.bytes)
            message.header = message.header.mutated(&random)
            message.signature = try world.sequencer.sign(Data("skerry 2026-11 entry\n".utf8) + message.header)
            var state = world.state
            guard let entry = try? Entry(decoding: message.serializedData()) else { continue }
            _ = try? state.apply(entry)
        }
    }

    @Test func entries() throws {
        var random = SeededRandom(seed: 12)
        let world = try World()
        let claim = try world.sign(.claimName(AppName(checking: "shop")), by: world.alice)
        let seed = try Entry(following: world.state, transactions: [claim], timeMilliseconds: 0, key: world.sequencer)
        for round in 0..<HostileBytesTests.rounds {
            let bytes = round % 4 == 0 ? Data.random(upTo: 400, &random) : seed.bytes.mutated(&random)
            guard let entry = try? Entry(decoding: bytes), entry.bytes != seed.bytes else { continue }
            var state = world.state
            #expect(throws: LedgerError.self) { try state.apply(entry) }
        }
    }

    @Test func genesis() throws {
        var random = SeededRandom(seed: 13)
        let genesis = try World().genesis
        for _ in 0..<2_000 {
            guard let read = try? Genesis(decoding: genesis.bytes.mutated(&random)) else { continue }
            #expect(read.networkID != genesis.networkID || read == genesis)
            _ = LedgerState(genesis: read).root
        }
    }

    @Test func extremeFields() throws {
        var world = try World()
        let name = try AppName(checking: "shop")
        let release = NewRelease(kind: .site, manifest: World.blob(1), manifestByteCount: .max)
        for nonce in [0, .max] as [UInt64] {
            for time in [Int64.min, 0, .max] {
                let transaction = try world.sign(
                    .publishRelease(name, release), by: world.alice, nonce: nonce, validUntil: time)
                #expect(!world.state.execute(transaction, timeMilliseconds: .max).isApplied)
                #expect(!world.state.execute(transaction, timeMilliseconds: .min).isApplied)
            }
        }
    }
}
