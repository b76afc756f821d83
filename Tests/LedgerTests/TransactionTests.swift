import Blake3
import Foundation
import Identity
import Ledger
import SwiftProtobuf
import Testing
import Wire

@Suite struct TransactionTests {
    private let name: AppName

    init() throws { name = try AppName(checking: "shop") }

    @Test func everyActionSurvivesItsBytes() throws {
        let world = try World()
        let endpoint = try Endpoint(host: "example.org", port: 1)
        let release = ReleaseID(
            name: name, manifest: World.blob(1), publisher: world.alice.publicKey.account, nonce: 1)
        let function = NewRelease(
            kind: .function, manifest: World.blob(2), manifestByteCount: .max, message: "größer",
            settings: Data([1, 2]))
        let large = NewRelease(
            kind: .function, manifest: World.blob(3), manifestByteCount: 1,
            sizeClass: try SizeClass(checking: "shared-1x-256"), replicas: .max, secretsEnvelope: World.blob(4).digest)
        let capacity = NodeCapacity(
            storageBytes: .max, memoryBytes: 2, cpuMillis: 3, bandwidthBytesPerSecond: 4)
        let (bob, node) = (world.bob.publicKey.account, world.helper.publicKey.node)
        let domain = try DomainName(checking: "shop.example.org")
        let channel = NewChannel(
            payee: node, expiresMilliseconds: -1,
            chains: [.init(commodity: .compute, anchor: .test("anchor"), unitPrice: 0, maxUnits: .max)])
        let channelID = ChannelID(bob.digest)
        let lanes: [Settlement.Lane] = [
            .reveal(link: .test("link"), steps: .max), .voucher(units: 0, signature: Data([1])),
            .proof(from: .test("settled"), link: .test("proven"), steps: 0),
        ]
        let settlements = lanes.map { Settlement(channel: channelID, commodity: .bytes, lane: $0) }
        let actions: [LedgerAction] = [
            .registerNode(publicKey: world.helper.publicKey, peer: endpoint, gateway: nil, possessionProof: Data([1])),
            .registerNode(
                publicKey: world.helper.publicKey, peer: endpoint, gateway: nil, possessionProof: Data([1]),
                capacity: capacity, admissionEvidence: Data(count: 20_000)),
            .updateNode(world.helper.publicKey.node, peer: endpoint, gateway: endpoint),
            .updateNode(node, peer: endpoint, gateway: nil, capacity: capacity),
            .updateNode(node, peer: endpoint, gateway: nil, capacity: NodeCapacity()), .publishRelease(name, large),
            .claimName(name), .transferName(name, to: world.bob.publicKey.account),
            .publishRelease(name, World.site(1)), .publishRelease(name, function),
            .promoteRelease(name, release, percent: 100), .promoteRelease(name, release, percent: 1),
            .rollBack(name, to: nil), .rollBack(name, to: release), .bindDomain(domain, to: name),
            .bindDomain(domain, to: nil), .transfer(to: bob, amount: .max), .mint(to: bob, amount: 0),
            .stake(node, amount: 1), .unstake(node, amount: 2), .withdrawUnstaked(node), .optIn(node), .optOut(node),
            .openChannel(channel), .settleChannels([]), .settleChannels(settlements), .closeChannel(channelID),
            .settleChannels(settlements, proof: Data([7])),
            .submitFault(.falseSettlement(transaction: Data(), index: 9)),
            .changeParameter(.value(name: "epoch_ms", 5)), .changeParameter(.member(bob.digest, isAllowed: true)),
            .changeParameter(.member(bob.digest, isAllowed: false)),
            .beaconCommit(epoch: 1, round: 2, commitment: bob.digest),
            .beaconReveal(epoch: .max, round: .max, reveal: bob.digest), .advanceEpoch(epoch: 0, round: 0),
            .submitAudit(subject: node, receipt: bob.digest, matches: false, result: node.digest),
            .reportMeasurements(epoch: 1, []),
            .yieldMachines([MachineSlot(name: name, slot: 3)]), .leaseMachines(termMilliseconds: .max, []),
            .leaseMachines(
                termMilliseconds: 5,
                [
                    MachineClaim(slot: MachineSlot(name: name, slot: 0), release: release),
                    MachineClaim(
                        slot: MachineSlot(name: name, slot: 64), release: release, ready: release, failed: release),
                ]),
        ]
        for action in actions {
            let signed = try world.sign(action, by: world.alice, nonce: 9, validUntil: -5)
            let read = try SignedTransaction(decoding: signed.bytes)
            #expect(read == signed)
            #expect(read.action == action)
            #expect(read.id == signed.id)
            #expect(read.nonce == 9)
            #expect(read.validUntilMilliseconds == -5)
            #expect(read.signer == .account(world.alice.publicKey.account))
        }
    }

    @Test func aFlippedBitAnywhereIsRefused() throws {
        let world = try World()
        let bytes = try world.sign(.claimName(name), by: world.alice).bytes
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 0x10
            #expect(throws: LedgerError.self) { try SignedTransaction(decoding: other) }
        }
    }

    @Test func aSignatureOfAnotherKeyIsRefused() throws {
        let world = try World()
        let signed = try world.sign(.claimName(name), by: world.alice)
        var envelope = try LedgerPBTransaction(serializedBytes: signed.bytes)
        envelope.publicKey = world.bob.publicKey.bytes
        let forged = try envelope.serializedData() as Data
        #expect { try SignedTransaction(decoding: forged) } throws: { ($0 as? LedgerError)?.code == .badSignature }
        envelope.signature = try world.bob.sign(envelope.body)
        let undomained = try envelope.serializedData() as Data
        #expect { try SignedTransaction(decoding: undomained) } throws: { ($0 as? LedgerError)?.code == .badSignature }
    }

    @Test func unknownFieldsAndActionsAreRefused() throws {
        let world = try World()
        let bytes = try world.sign(.claimName(name), by: world.alice).bytes
        #expect(throws: LedgerError.self) { try SignedTransaction(decoding: bytes + [0xc0, 0x3e, 0x00]) }
        var body = LedgerPBTransactionBody()
        body.networkID = Data(world.genesis.networkID.digest.bytes)
        body.signerKind = .account
        body.nonce = 1
        let bodyBytes = try body.serializedData() as Data
        var envelope = LedgerPBTransaction()
        envelope.body = bodyBytes
        envelope.publicKey = world.alice.publicKey.bytes
        envelope.signature = try world.alice.sign(Data("skerry 2026-11 transaction\n".utf8) + bodyBytes)
        let empty = try envelope.serializedData() as Data
        #expect { try SignedTransaction(decoding: empty) } throws: { ($0 as? LedgerError)?.code == .malformed }
    }

    @Test func sizeAtTheLimitAndOnePast() throws {
        var world = try World { parameters in
            parameters.transactionBytes = 4_096
            parameters.settingsBytes = 4_096
        }
        try world.run(.claimName(name), by: world.alice)
        func release(_ settings: Int) -> LedgerAction {
            .publishRelease(
                name,
                NewRelease(
                    kind: .site, manifest: World.blob(1), manifestByteCount: 1,
                    settings: Data(repeating: 1, count: settings)))
        }
        let overhead = try world.sign(release(3_000), by: world.alice).bytes.count - 3_000
        #expect(try world.refusal(release(4_097 - overhead), by: world.alice) == .tooLarge)
        #expect(try world.refusal(release(4_096 - overhead), by: world.alice) == nil)
        #expect(throws: LedgerError.self) { try world.sign(release(SignedTransaction.maxByteCount), by: world.alice) }
        let huge = Data(repeating: 0, count: SignedTransaction.maxByteCount + 1)
        #expect { try SignedTransaction(decoding: huge) } throws: { ($0 as? LedgerError)?.code == .tooLarge }
    }

    @Test func anotherNetworkIsRefused() throws {
        var world = try World()
        let other = try World { $0.replicas = 3 }
        let foreign = try other.sign(.claimName(name), by: other.alice)
        #expect(world.state.execute(foreign, timeMilliseconds: 0).refusal?.code == .wrongNetwork)
    }

    @Test func noncesAreStrictlyOneMore() throws {
        var world = try World()
        let first = try world.sign(.claimName(name), by: world.alice, nonce: 1)
        for nonce in [0, 2, .max] as [UInt64] {
            let wrong = try world.sign(.claimName(name), by: world.alice, nonce: nonce)
            #expect(world.state.execute(wrong, timeMilliseconds: 0).refusal?.code == .badNonce)
        }
        #expect(world.state.execute(first, timeMilliseconds: 0).isApplied)
        #expect(world.state.execute(first, timeMilliseconds: 0).refusal?.code == .badNonce)
        // A refused transaction does not use its nonce up.
        #expect(try world.refusal(.claimName(name), by: world.alice) == .nameTaken)
        #expect(world.state.nonce(of: .account(world.alice.publicKey.account)) == 1)
    }

    @Test func expiryIsByTheEntrysTime() throws {
        var world = try World()
        let signed = try world.sign(.claimName(name), by: world.alice, validUntil: 1_000)
        #expect(world.state.execute(signed, timeMilliseconds: 1_001).refusal?.code == .expired)
        #expect(world.state.execute(signed, timeMilliseconds: 1_000).isApplied)
    }

    @Test func unknownKeys() throws {
        var world = try World()
        #expect(try world.refusal(.claimName(name), by: world.stranger) == .unknownSigner)
        #expect(try world.refusal(.claimName(name), by: world.stranger, as: .node) == .unknownSigner)
    }

    @Test func anOpenNetworkTakesStrangersUpToItsLimit() throws {
        var world = try World { parameters in
            parameters.openAccounts = true
            parameters.accounts = 3
        }
        #expect(try world.refusal(.rollBack(name, to: nil), by: world.stranger) == .unknownName)
        #expect(world.state.accounts.count == 2)
        #expect(try world.refusal(.claimName(name), by: world.stranger) == nil)
        #expect(world.state.account(world.stranger.publicKey.account)?.nonce == 1)
        #expect(try world.refusal(.claimName(AppName(checking: "b")), by: World.key(77)) == .limitReached)
        let nobody = AccountID(World.blob(1).digest)
        #expect(try world.refusal(.transferName(name, to: nobody), by: world.stranger) == .limitReached)
    }
}
