import Blake3
import Foundation
import Identity
import Stark
import Testing

@testable import Ledger

/// Channels: deposits, settlements by link and by voucher, and their ends.
@Suite struct ChannelTests {
    private static let grace: Int64 = 1_000
    private static let expiry = World.genesisTime + 10_000
    private static let bytesPrice: UInt64 = 5
    private static let computePrice: UInt64 = 7

    private let bytes = TestChain("bytes")
    private let compute = TestChain("compute")

    private func world(_ change: (inout NetworkParameters) -> Void = { _ in }) throws -> World {
        try World { parameters in
            parameters.channelGraceMilliseconds = UInt64(ChannelTests.grace)
            change(&parameters)
        }
    }

    private func request(_ world: World, _ chains: [NewChannel.Chain]? = nil, expiry: Int64? = nil) -> LedgerAction {
        .openChannel(
            NewChannel(
                payee: world.helper.publicKey.node, expiresMilliseconds: expiry ?? ChannelTests.expiry,
                chains: chains ?? [
                    .init(
                        commodity: .bytes, anchor: bytes.links[0], unitPrice: ChannelTests.bytesPrice, maxUnits: 100),
                    .init(
                        commodity: .compute, anchor: compute.links[0], unitPrice: ChannelTests.computePrice,
                        maxUnits: 50),
                ]))
    }

    /// Alice opens a channel to the helper, whose operator is Bob.
    private func opened(_ world: inout World) throws -> ChannelID {
        let transaction = try world.sign(request(world), by: world.alice)
        #expect(world.state.execute(transaction, timeMilliseconds: World.genesisTime).isApplied)
        return ChannelID(transaction.id)
    }

    private func reveal(_ id: ChannelID, _ unit: Int, _ steps: UInt64, _ commodity: Commodity = .bytes) -> Settlement {
        let chain = commodity == .bytes ? bytes : compute
        return Settlement(channel: id, commodity: commodity, lane: .reveal(link: chain.links[unit], steps: steps))
    }

    private func voucher(
        _ world: World, _ id: ChannelID, _ units: UInt64, _ commodity: Commodity = .bytes, by key: SigningKey? = nil
    ) throws -> Settlement {
        let voucher = Voucher(network: world.genesis.networkID, channel: id, commodity: commodity, units: units)
        let signature = try voucher.sign(with: key ?? world.alice)
        return Settlement(channel: id, commodity: commodity, lane: .voucher(units: units, signature: signature))
    }

    /// What the helper's settlements are refused with.
    private func settle(
        _ world: inout World, _ settlements: Settlement..., at time: Int64 = World.genesisTime
    ) throws -> LedgerError.Code? {
        try world.refusal(.settleChannels(settlements), by: world.helper, as: .node, at: time)
    }

    @Test func openingPutsTheDepositAside() throws {
        var world = try world()
        let id = try opened(&world)
        let channel = try #require(world.state.channel(id))
        #expect(channel.deposit == 850)
        #expect(channel.payer == world.alice.publicKey.account)
        #expect(world.balance(world.alice) == 1_000_000 - 850)
        #expect(world.state.audit().escrow == 850)
        #expect(world.state.audit().problems == [])
        #expect(world.state.channels == [channel])
        // The same anchors again.
        #expect(try world.refusal(request(world), by: world.bob) == .badChannel)
        #expect(try world.refusal(request(world), by: world.alice) == .badChannel)
    }

    @Test func refusesChannelsThatCannotBe() throws {
        var world = try world()
        func chain(
            _ commodity: Commodity = .bytes, _ seed: String = "a", price: UInt64 = 1, units: UInt64 = 1
        ) -> NewChannel.Chain {
            NewChannel.Chain(
                commodity: commodity, anchor: .test(seed), unitPrice: price, maxUnits: units)
        }
        let shapes: [[NewChannel.Chain]] = [
            [], [chain(), chain(.bytes, "b")], [chain(.compute), chain(.bytes, "b")], [chain(), chain(.compute)],
            [chain(), chain(.compute, "b"), chain(.compute, "c")], [chain(units: 0)],
        ]
        for shape in shapes {
            #expect(try world.refusal(request(world, shape), by: world.alice) == .badChannel, "\(shape)")
        }
        for (price, units) in [(.max, .max), (1 << 32, 1 << 32), (1 << 63, 1), (.max, 1)] as [(UInt64, UInt64)] {
            let action = request(world, [chain(price: price, units: units)])
            #expect(try world.refusal(action, by: world.alice) == .badAmount)
        }
        let most = NetworkParameters.maxUnits
        let two = [chain(price: most), chain(.compute, "b", price: 1)]
        #expect(try world.refusal(request(world, two), by: world.alice) == .badAmount)
        #expect(try world.refusal(request(world, [chain(price: most)]), by: world.alice) == .insufficientBalance)
        #expect(try world.refusal(request(world, [chain(price: 1_000_001)]), by: world.alice) == .insufficientBalance)
        let last = World.genesisTime + Int64(NewChannel.maxLifetimeMilliseconds)
        for expiry in [.min, 0, World.genesisTime, last + 1, .max] {
            #expect(try world.refusal(request(world, expiry: expiry), by: world.alice) == .badChannel)
        }
        #expect(try world.refusal(request(world), by: world.helper, as: .node) == .notAuthorised)
        #expect(try world.refusal(request(world, expiry: last), by: world.alice) == nil)
        // Free channels are allowed, and all the money may go into one.
        #expect(try world.refusal(request(world, [chain(price: 0)]), by: world.bob) == nil)
        #expect(try world.refusal(request(world, [chain(.bytes, "z", price: 1_000_000)]), by: world.bob) == nil)
    }

    @Test func thePayeeTakesPart() throws {
        var world = try world()
        try world.run(.optOut(world.helper.publicKey.node), by: world.bob)
        #expect(try world.refusal(request(world), by: world.alice) == .wrongParticipation)
        let nobody = NewChannel(
            payee: NodeID(World.blob(1).digest), expiresMilliseconds: ChannelTests.expiry,
            chains: [
                .init(commodity: .bytes, anchor: bytes.links[0], unitPrice: 1, maxUnits: 1)
            ])
        #expect(try world.refusal(.openChannel(nobody), by: world.alice) == .unknownNode)
    }

    @Test func linksPayStepByStep() throws {
        var world = try world()
        let id = try opened(&world)
        #expect(try settle(&world, reveal(id, 3, 3)) == nil)
        #expect(world.balance(world.bob) == 1_000_000 + 15)
        // Again, with wrong steps, of another chain, not at all.
        for wrong in [reveal(id, 3, 3), reveal(id, 5, 1), reveal(id, 5, 3), reveal(id, 4, 1, .compute)] {
            #expect(try settle(&world, wrong) == .badSettlement)
        }
        #expect(try settle(&world, reveal(id, 4, 0)) == .badSettlement)
        #expect(try settle(&world, reveal(id, 4, .max)) == .badSettlement)
        #expect(try settle(&world, reveal(id, 5, 2), reveal(id, 9, 9, .compute)) == nil)
        #expect(world.balance(world.bob) == 1_000_000 + 25 + 63)
        #expect(try settle(&world, reveal(id, 100, 95)) == nil)
        #expect(world.state.channel(id)?.settled == 563)
        #expect(world.state.audit().problems == [])
    }

    @Test func noUnitsBehindTheLast() throws {
        var world = try world()
        let id = try opened(&world)
        #expect(try settle(&world, reveal(id, 51, 51, .compute)) == .badSettlement)
        #expect(try settle(&world, reveal(id, 50, 50, .compute)) == nil)
        #expect(try settle(&world, voucher(world, id, 101)) == .badSettlement)
        #expect(try settle(&world, voucher(world, id, 100)) == nil)
        #expect(world.state.channel(id)?.refund == 0)
    }

    @Test func allOrNothing() throws {
        var world = try world()
        let id = try opened(&world)
        let balance = world.balance(world.bob)
        #expect(try settle(&world, reveal(id, 3, 3), reveal(id, 3, 3)) == .badSettlement)
        #expect(world.balance(world.bob) == balance)
        #expect(try settle(&world, reveal(id, 3, 3), reveal(id, 4, 1)) == nil)
    }

    /// One channel that was closed, or whose end came, does not take the others of a batch with it.
    @Test func whatIsClosedIsPassedOver() throws {
        var world = try world()
        let id = try opened(&world)
        let gone = ChannelID(World.blob(1).digest)
        #expect(try settle(&world, reveal(gone, 3, 3)) == .unknownChannel)
        #expect(try settle(&world, reveal(gone, 3, 3), reveal(gone, 4, 4)) == .unknownChannel)
        #expect(try settle(&world, reveal(gone, 3, 3), reveal(id, 3, 3)) == nil)
        #expect(world.balance(world.bob) == 1_000_000 + 15)
        let other = NewChannel(
            payee: world.helper.publicKey.node, expiresMilliseconds: ChannelTests.expiry + 5,
            chains: [.init(commodity: .bytes, anchor: TestChain("other").anchor, unitPrice: 1, maxUnits: 9)])
        let transaction = try world.sign(.openChannel(other), by: world.bob)
        #expect(world.state.execute(transaction, timeMilliseconds: World.genesisTime).isApplied)
        let late = Settlement(
            channel: ChannelID(transaction.id), commodity: .bytes,
            lane: .reveal(link: TestChain("other").links[2], steps: 2))
        // The first channel ends 5 ms before the second.
        let end = ChannelTests.expiry + ChannelTests.grace
        #expect(try settle(&world, reveal(id, 4, 1), at: end + 1) == .channelState)
        #expect(try settle(&world, reveal(id, 4, 1), late, at: end + 1) == nil)
        #expect(world.balance(world.bob) == 1_000_000 + 15 - 9 + 2)
        #expect(world.state.channel(id)?.settled == 15)
        #expect(world.state.audit().problems == [])
    }

    @Test func vouchersPay() throws {
        var world = try world()
        let id = try opened(&world)
        #expect(try settle(&world, voucher(world, id, 10)) == nil)
        #expect(world.balance(world.bob) == 1_000_000 + 50)
        #expect(try settle(&world, voucher(world, id, 10)) == .badSettlement)
        #expect(try settle(&world, voucher(world, id, 9)) == .badSettlement)
        #expect(try settle(&world, voucher(world, id, 20, by: world.bob)) == .badSettlement)
        let other = try World { $0.replicas = 9 }
        #expect(try settle(&world, voucher(other, id, 20)) == .badSettlement)
        // Of the other commodity, of another channel, of another number, damaged, and none.
        guard case .voucher(_, let signature) = try voucher(world, id, 20).lane else { return }
        func lane(_ commodity: Commodity, _ units: UInt64, _ signature: Data) -> Settlement {
            Settlement(channel: id, commodity: commodity, lane: .voucher(units: units, signature: signature))
        }
        #expect(try settle(&world, lane(.compute, 20, signature)) == .badSettlement)
        #expect(try settle(&world, lane(.bytes, 21, signature)) == .badSettlement)
        for bad in [Data(), Data(count: 64), signature.dropLast(), signature + [0]] {
            #expect(try settle(&world, lane(.bytes, 20, bad)) == .badSettlement)
        }
        #expect(try settle(&world, lane(.bytes, 20, signature)) == nil)
        #expect(world.balance(world.bob) == 1_000_000 + 100)
    }

    @Test func linksGoOnBehindVouchers() throws {
        var world = try world()
        let id = try opened(&world)
        #expect(try settle(&world, reveal(id, 2, 2)) == nil)
        #expect(try settle(&world, voucher(world, id, 10)) == nil)
        #expect(try settle(&world, reveal(id, 10, 8)) == .badSettlement)
        #expect(try settle(&world, reveal(id, 12, 2)) == .badSettlement)
        #expect(try settle(&world, reveal(id, 12, 10)) == nil)
        #expect(world.balance(world.bob) == 1_000_000 + 60)
        #expect(try settle(&world, reveal(id, 13, 1)) == nil)
    }

    @Test func onlyThePayeeSettles() throws {
        var world = try world()
        let id = try opened(&world)
        let action = LedgerAction.settleChannels([reveal(id, 1, 1)])
        #expect(try world.refusal(action, by: world.alice) == .notAuthorised)
        #expect(try world.refusal(action, by: world.sequencer, as: .node) == .notAuthorised)
        #expect(try world.refusal(action, by: world.bob) == nil)
    }

    @Test func hashingIsBounded() throws {
        var world = try world { $0.channelStepsPerReveal = 10 }
        let id = try opened(&world)
        #expect(try settle(&world, reveal(id, 11, 11)) == .badSettlement)
        #expect(try settle(&world, reveal(id, 10, 10)) == nil)
        try world.run(.changeParameter(.value(name: "channel_steps_per_reveal", 65_536)), by: world.alice)
        #expect(try settle(&world, reveal(id, 1, 65_536), reveal(id, 2, 1)) == .tooLarge)
        #expect(try settle(&world, reveal(id, 1, 65_536)) == .badSettlement)
        #expect(try settle(&world) == .tooLarge)
        let many = [Settlement](repeating: reveal(id, 1, 1), count: Settlement.maxCount + 1)
        try world.run(.changeParameter(.value(name: "transaction_bytes", 262_144)), by: world.alice)
        let refusal = try world.refusal(.settleChannels(many), by: world.bob)
        #expect(refusal == .tooLarge)
        #expect(try world.refusal(.settleChannels(many.dropLast()), by: world.bob) == .badSettlement)
    }

    @Test func vouchersOfATransactionAreBounded() throws {
        var world = try world()
        let id = try opened(&world)
        let most = UInt64(Settlement.maxVouchers)
        let vouchers = try (1...most + 1).map { try voucher(world, id, $0) }
        #expect(try world.refusal(.settleChannels(vouchers), by: world.bob) == .tooLarge)
        // Links do not count, and need not come first.
        let mixed = vouchers.dropLast() + [reveal(id, 1, 1, .compute)]
        #expect(try world.refusal(.settleChannels(Array(mixed)), by: world.bob) == nil)
        #expect(world.state.channel(id)?.settled == most * ChannelTests.bytesPrice + ChannelTests.computePrice)
        #expect(world.state.audit().problems == [])
    }

    /// A refusal costs its sender nothing, so it must not be preceded by what costs the ledger much.
    @Test func whatIsCheapIsCheckedOfAllBeforeTheFirstProof() throws {
        var world = try world()
        let id = try opened(&world)
        let unsigned = Settlement(channel: id, commodity: .bytes, lane: .voucher(units: 1, signature: Data(count: 64)))
        let unlinked = Settlement(channel: id, commodity: .compute, lane: .reveal(link: bytes.links[0], steps: 1))
        let foreign = try world.sign(
            .openChannel(
                NewChannel(
                    payee: world.sequencer.publicKey.node, expiresMilliseconds: ChannelTests.expiry,
                    chains: [.init(commodity: .bytes, anchor: TestChain("foreign").anchor, unitPrice: 1, maxUnits: 1)])),
            by: world.bob)
        #expect(world.state.execute(foreign, timeMilliseconds: World.genesisTime).isApplied)
        for proof in [unsigned, unlinked] {
            #expect(try settle(&world, proof) == .badSettlement)
            #expect(try settle(&world, proof, reveal(ChannelID(foreign.id), 1, 1)) == .notAuthorised)
        }
        // Units, order and deposits, each behind a proof that would have been refused, by what the refusal says.
        for wrong in [reveal(id, 51, 51, .compute), try voucher(world, id, 101), try voucher(world, id, 1)] {
            let action = LedgerAction.settleChannels([unsigned, unlinked, wrong])
            let refusal = try #require(try world.run(action, by: world.helper, as: .node).refusal)
            #expect(refusal.code == .badSettlement)
            #expect(refusal.message.contains("cannot be settled"), "\(refusal)")
        }
    }

    @Test func findsChannelsPastTheirEnd() throws {
        var world = try world()
        var ids: [ChannelID] = []
        for number in 0..<40 {
            let chain = NewChannel.Chain(
                commodity: .bytes, anchor: .test("\(number)"), unitPrice: 1, maxUnits: 1)
            // Each expires a millisecond after the one before.
            let action = request(world, [chain], expiry: ChannelTests.expiry + Int64(number))
            let transaction = try world.sign(action, by: number % 2 == 0 ? world.alice : world.bob)
            #expect(world.state.execute(transaction, timeMilliseconds: World.genesisTime).isApplied)
            ids.append(ChannelID(transaction.id))
        }
        let end = ChannelTests.expiry + ChannelTests.grace
        #expect(world.state.channelsPastEnd(at: end, limit: 100) == EndedChannels())
        #expect(world.state.channelsPastEnd(at: end + 1, limit: 100).channels == [ids[0]])
        for (ended, limit) in [(1, 1), (5, 2), (5, 5), (40, 7), (40, 40), (40, 100), (25, 1)] {
            let time = end + Int64(ended)
            var found: [ChannelID] = []
            var page = world.state.channelsPastEnd(at: time, limit: limit)
            #expect(page == world.state.channelsPastEnd(at: time, limit: limit))
            found += page.channels
            while let next = page.next {
                page = world.state.channelsPastEnd(at: time, limit: limit, after: next)
                #expect(page.channels.count <= limit)
                found += page.channels
            }
            #expect(found.count == ended && Set(found) == Set(ids.prefix(ended)))
        }
        // A sealed table gives the same, and the payer's closing counts.
        var sealed = world.state
        sealed.sealTables()
        #expect(sealed.channelsPastEnd(at: .max, limit: 9) == world.state.channelsPastEnd(at: .max, limit: 9))
        #expect(try world.refusal(.closeChannel(ids[38]), by: world.alice) == nil)
        let closed = World.genesisTime + ChannelTests.grace
        #expect(world.state.channelsPastEnd(at: closed, limit: 9).channels.isEmpty)
        #expect(world.state.channelsPastEnd(at: closed + 1, limit: 9).channels == [ids[38]])
    }

    @Test func looksAtABoundedNumberOfChannels() throws {
        var state = try world().state
        let key = try World.key(1).publicKey
        for number in 0...LedgerState.maxScannedChannels {
            state.channelTable.put(
                ChannelRecord(
                    id: ChannelID(World.blob(number).digest), payer: key.account, payerKey: key, payee: key.node,
                    expiresMilliseconds: number == 0 ? 1 : .max, openedSequence: 0, deposit: 0, chains: []))
        }
        state.sealTables()
        let first = state.channelsPastEnd(at: 1_000_000, limit: 5)
        let next = try #require(first.next)
        let second = state.channelsPastEnd(at: 1_000_000, limit: 5, after: next)
        #expect(second.next == nil)
        #expect(first.channels + second.channels == [ChannelID(World.blob(0).digest)])
        state.channelTable.remove(state.channelTable.rows.last?.path ?? World.blob(1).digest)
        #expect(state.channelsPastEnd(at: 1_000_000, limit: 5).next == nil)
    }

    @Test func thePayerClosesAfterAGrace() throws {
        var world = try world()
        let id = try opened(&world)
        let start = World.genesisTime + 5
        #expect(try world.refusal(.closeChannel(id), by: world.stranger) == .unknownSigner)
        #expect(try world.refusal(.closeChannel(id), by: world.sequencer, as: .node) == .notAuthorised)
        #expect(try world.refusal(.closeChannel(id), by: world.alice, at: start) == nil)
        #expect(world.state.channel(id)?.closingMilliseconds == start + ChannelTests.grace)
        let end = start + ChannelTests.grace
        #expect(try world.refusal(.closeChannel(id), by: world.alice, at: end) == .channelState)
        #expect(try settle(&world, reveal(id, 4, 4), at: end) == nil)
        #expect(try settle(&world, reveal(id, 5, 1), at: end + 1) == .channelState)
        #expect(try world.refusal(.closeChannel(id), by: world.alice, at: end + 1) == nil)
        #expect(world.state.channel(id) == nil)
        #expect(world.balance(world.alice) == 1_000_000 - 20)
        #expect(world.balance(world.bob) == 1_000_000 + 20)
        #expect(world.state.anchorTable.count == 0)
        #expect(world.state.account(world.alice.publicKey.account)?.channelCount == 0)
        #expect(world.state.audit().problems == [])
        #expect(try world.refusal(.closeChannel(id), by: world.alice, at: end + 2) == .unknownChannel)
    }

    @Test func thePayeeClosesAtOnce() throws {
        for isNode in [true, false] {
            var world = try world()
            let id = try opened(&world)
            #expect(try settle(&world, reveal(id, 4, 4)) == nil)
            let (key, role) = isNode ? (world.helper, TransactionBuilder.Role.node) : (world.bob, .account)
            #expect(try world.refusal(.closeChannel(id), by: key, as: role) == nil)
            #expect(world.balance(world.alice) == 1_000_000 - 20)
            #expect(world.state.channels.isEmpty)
        }
    }

    @Test func anybodyClosesWhatHasEnded() throws {
        var world = try world()
        let id = try opened(&world)
        let end = ChannelTests.expiry + ChannelTests.grace
        #expect(try settle(&world, reveal(id, 4, 4), at: end) == nil)
        #expect(try settle(&world, reveal(id, 5, 1), at: end + 1) == .channelState)
        #expect(try world.refusal(.closeChannel(id), by: world.sequencer, as: .node, at: end) == .notAuthorised)
        #expect(try world.refusal(.closeChannel(id), by: world.sequencer, as: .node, at: end + 1) == nil)
        #expect(world.balance(world.alice) == 1_000_000 - 20)
        #expect(world.balance(world.bob) == 1_000_000 + 20)
        #expect(world.state.account(world.alice.publicKey.account)?.channelCount == 0)
        #expect(world.state.audit().problems == [])
    }

    @Test func aStrangersAccountClosesWhatHasEnded() throws {
        var world = try world()
        let id = try opened(&world)
        let end = ChannelTests.expiry + ChannelTests.grace
        try world.run(.transfer(to: world.stranger.publicKey.account, amount: 1), by: world.bob)
        #expect(try world.refusal(.closeChannel(id), by: world.stranger, at: end) == .notAuthorised)
        #expect(try world.refusal(.closeChannel(id), by: world.stranger, at: end + 1) == nil)
        #expect(world.balance(world.alice) == 1_000_000, "the payer gets the rest, whoever closes")
        #expect(world.balance(world.stranger) == 1)
    }

    @Test func closingNeverLastsLongerThanExpiring() throws {
        var world = try world()
        let id = try opened(&world)
        let late = ChannelTests.expiry + ChannelTests.grace
        #expect(try world.refusal(.closeChannel(id), by: world.alice, at: late) == nil)
        #expect(try world.refusal(.closeChannel(id), by: world.alice, at: late + 1) == nil)
        #expect(world.state.channel(id) == nil)
    }

    @Test func theEndOfTime() throws {
        var world = try world { $0.channelGraceMilliseconds = 1 << 40 }
        let transaction = try world.sign(request(world, expiry: .max), by: world.alice)
        #expect(world.state.execute(transaction, timeMilliseconds: .max - 1).isApplied)
        let id = ChannelID(transaction.id)
        #expect(try world.refusal(.closeChannel(id), by: world.alice, at: .max) == nil)
        #expect(try world.refusal(.closeChannel(id), by: world.alice, at: .max) == .channelState)
        #expect(try settle(&world, reveal(id, 4, 4), at: .max) == nil)
    }

    @Test func anAccountHasSoManyChannels() throws {
        var world = try world()
        var record = try #require(world.state.account(world.alice.publicKey.account))
        record.channelCount = LedgerState.maxChannelsPerAccount
        world.state.accountTable.put(record)
        #expect(try world.refusal(request(world), by: world.alice) == .limitReached)
        record.channelCount -= 1
        world.state.accountTable.put(record)
        #expect(try world.refusal(request(world), by: world.alice) == nil)
    }
}
