import Blake3
import Foundation
import Identity
import Stark

@testable import Ledger

/// Makes right and wrong transactions of every kind, by everybody, at random.
struct RandomActions {
    private static let chainLength: UInt64 = 24
    private static let names = ["a", "b", "c", "d", "www"]
    private static let domains = ["a.example", "b.example", "c.example"]

    var random: SeededRandom
    /// The first four are Alice, Bob, and the two nodes of the genesis.
    private let keys: [SigningKey]
    /// Each a chain: the anchor first.
    private let chains: [[PoseidonLink]]
    private var opened: [ChannelID] = []
    private var reveals: [NodeID: Digest] = [:]

    init(seed: UInt64, _ world: World) throws {
        random = SeededRandom(seed: seed)
        keys = [world.alice, world.bob, world.sequencer, world.helper, world.stranger, try World.key(30)]
        chains = (0..<5).map { TestChain("seed \($0)", length: Int(RandomActions.chainLength)).links }
    }

    /// A signed transaction for an entry of this time. It is by somebody who may ask for it more often than not.
    mutating func next(_ world: World, timeMilliseconds: Int64) throws -> SignedTransaction {
        var key = pick(keys)
        let action = try action(world, key)
        var role: TransactionBuilder.Role = chance(4) ? .node : .account
        if !chance(5) {
            let able = signers(of: action, world, timeMilliseconds)
            if !able.isEmpty, !able.contains(where: { $0.0.publicKey == key.publicKey && $0.1 == role }) {
                (key, role) = pick(able)
            }
        }
        let wrongNonce: UInt64? = chance(30) ? pick([0, 1, 5, .max]) : nil
        let expired: Int64? = chance(60) ? World.genesisTime - 1 : nil
        let transaction = try world.sign(action, by: key, as: role, nonce: wrongNonce, validUntil: expired)
        if case .openChannel = action {
            opened.append(ChannelID(transaction.id))
            opened.removeFirst(max(0, opened.count - 6))
        }
        return transaction
    }

    private func signers(
        of action: LedgerAction, _ world: World, _ timeMilliseconds: Int64
    ) -> [(SigningKey, TransactionBuilder.Role)] {
        var able: [(SigningKey, TransactionBuilder.Role)] = []
        for key in keys {
            let roles: [(Signer, TransactionBuilder.Role)] = [
                (.account(key.publicKey.account), .account), (.node(key.publicKey.node), .node),
            ]
            for (signer, role) in roles {
                let permissions = Permissions(state: world.state, signer: signer, timeMilliseconds: timeMilliseconds)
                let isKnown = world.state.nonce(of: signer) > 0 || role == .account || isNode(key, world)
                if isKnown, permissions.allow(action) { able.append((key, role)) }
            }
        }
        return able
    }

    private func isNode(_ key: SigningKey, _ world: World) -> Bool { world.state.node(key.publicKey.node) != nil }

    private mutating func action(_ world: World, _ key: SigningKey) throws -> LedgerAction {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<16: transferOrMint()
        case 16..<34: try nodeAction(world, key)
        case 34..<54: try nameAction(world, key)
        case 54..<76: try channelAction(world)
        case 76..<90: try epochAction(world, key)
        case 90..<95: try machineAction(world, key)
        default: parameterAction()
        }
    }

    // MARK: Choices

    private mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &random) == 0 }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &random)]
    }

    private mutating func amount() -> UInt64 {
        let small = UInt64.random(in: 1...900, using: &random)
        return chance(4) ? pick([0, 1, 90_000, NetworkParameters.maxUnits, .max]) : small
    }

    private mutating func account() -> AccountID {
        chance(20) ? AccountID(World.blob(.random(in: 0..<4, using: &random)).digest) : pick(keys).publicKey.account
    }

    private mutating func node() -> NodeID {
        chance(20) ? NodeID(World.blob(1).digest) : pick(chance(4) ? keys : Array(keys[2...3])).publicKey.node
    }

    // MARK: Verbs

    private mutating func transferOrMint() -> LedgerAction {
        chance(6) ? .mint(to: account(), amount: amount()) : .transfer(to: account(), amount: amount())
    }

    private mutating func nodeAction(_ world: World, _ key: SigningKey) throws -> LedgerAction {
        let endpoint = try Endpoint(host: pick(["10.0.0.1", "h", "::1"]), port: .random(in: 1...3, using: &random))
        switch Int.random(in: 0..<9, using: &random) {
        case 0:
            let node = pick(keys)
            let owner = chance(4) ? account() : key.publicKey.account
            return .registerNode(
                publicKey: node.publicKey, peer: endpoint, gateway: nil,
                possessionProof: try NodePossession.prove(
                    node, operatorAccount: owner, network: world.genesis.networkID),
                capacity: NodeCapacity(cpuMillis: pick([0, 500, NodeCapacity.maxValue + 1])),
                admissionEvidence: Data(count: pick([0, 9])))
        case 1:
            let capacity = chance(2) ? NodeCapacity(memoryBytes: pick([0, 1, .max])) : nil
            return .updateNode(node(), peer: endpoint, gateway: chance(2) ? endpoint : nil, capacity: capacity)
        case 2, 3: return .stake(node(), amount: amount())
        case 4, 5: return .unstake(node(), amount: amount())
        case 6: return .withdrawUnstaked(node())
        case 7: return .optIn(node())
        default: return .optOut(node())
        }
    }

    private mutating func nameAction(_ world: World, _ key: SigningKey) throws -> LedgerAction {
        let name = try AppName(checking: pick(RandomActions.names))
        let domain = try DomainName(checking: pick(RandomActions.domains))
        let known = world.state.name(name)?.releases ?? []
        let release =
            known.randomElement(using: &random)
            ?? ReleaseID(name: name, manifest: World.blob(1), publisher: key.publicKey.account, nonce: 1)
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1: return .claimName(name)
        case 2: return .transferName(name, to: account())
        case 3, 4, 5:
            var site = World.site(.random(in: 0..<5, using: &random))
            if chance(3) { site.replicas = pick([1, NewRelease.maxReplicas, NewRelease.maxReplicas + 1]) }
            if chance(2) { site.kind = .machine }
            if chance(3) { site.secretsEnvelope = World.blob(1).digest }
            return .publishRelease(name, site)
        case 6, 7: return .promoteRelease(name, release, percent: pick([100, 100, 1, 50, 99]))
        case 8: return .rollBack(name, to: chance(2) ? nil : release)
        case 9: return .bindDomain(domain, to: nil)
        default: return .bindDomain(domain, to: name)
        }
    }

    private mutating func machineAction(_ world: World, _ key: SigningKey) throws -> LedgerAction {
        var slots: Set<MachineSlot> = []
        for _ in 0...Int.random(in: 0...2, using: &random) {
            let slot = chance(20) ? MachineSlot.count : .random(in: 0...2, using: &random)
            slots.insert(MachineSlot(name: try AppName(checking: pick(RandomActions.names)), slot: slot))
        }
        if chance(4) { return .yieldMachines(slots.sorted()) }
        let claims = slots.sorted().map { slot in
            let known = world.state.name(slot.name)?.releases ?? []
            let release =
                known.randomElement(using: &random)
                ?? ReleaseID(name: slot.name, manifest: World.blob(1), publisher: key.publicKey.account, nonce: 1)
            return MachineClaim(slot: slot, release: release, failed: chance(3) ? release : nil)
        }
        return .leaseMachines(termMilliseconds: pick([0, 1_000, 1_000, 3_000, 3_600_001]), claims)
    }

    private mutating func channelAction(_ world: World) throws -> LedgerAction {
        let channels = world.state.channels
        let id = channels.isEmpty || chance(10) ? pick(opened + [ChannelID(World.blob(1).digest)]) : pick(channels).id
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1, 2:
            var commodities: [Commodity] = chance(3) ? [.bytes, .compute] : [.bytes]
            if chance(10) { commodities.append(.bytes) }
            let time = world.state.timeMilliseconds
            let expiry = chance(12) ? pick([.min, 0, .max]) : time + .random(in: 0...5_000, using: &random)
            return .openChannel(
                NewChannel(
                    payee: node(), expiresMilliseconds: expiry,
                    chains: commodities.map { commodity in
                        NewChannel.Chain(
                            commodity: commodity, anchor: pick(chains)[0], unitPrice: chance(4) ? amount() : 3,
                            maxUnits: chance(8) ? amount() : RandomActions.chainLength)
                    }))
        case 7: return .closeChannel(id)
        default:
            var settlements: [Settlement] = []
            for _ in 0..<Int.random(in: chance(15) ? 0...0 : 1...2, using: &random) {
                settlements.append(try settlement(world, id))
            }
            let isProven = settlements.contains { if case .proof = $0.lane { true } else { false } }
            guard isProven, !chance(6) else { return .settleChannels(settlements) }
            return .settleChannels(
                settlements, proof: SettlementProofCheck.hash(settlements, world.genesis.networkID))
        }
    }

    private mutating func settlement(_ world: World, _ id: ChannelID) throws -> Settlement {
        let commodity: Commodity = chance(4) ? .compute : .bytes
        let chain = world.state.channel(id)?.chains.first { $0.commodity == commodity }
        if chance(3) {
            let units = (chain?.settledUnits ?? 0) + .random(in: 0...3, using: &random)
            let voucher = Voucher(network: world.genesis.networkID, channel: id, commodity: commodity, units: units)
            let payer = world.state.channel(id)?.payer
            let key = chance(4) ? pick(keys) : keys.first { $0.publicKey.account == payer } ?? pick(keys)
            let signature = try voucher.sign(with: key)
            return Settlement(channel: id, commodity: commodity, lane: .voucher(units: units, signature: signature))
        }
        let links = chains.first { $0[0] == chain?.anchor } ?? chains[0]
        let steps = UInt64.random(in: 0...3, using: &random)
        let unit = Int(min((chain?.linkUnits ?? 0) + steps, RandomActions.chainLength))
        if chance(3) {
            let from = chance(8) ? links[0] : chain?.link ?? links[0]
            return Settlement(
                channel: id, commodity: commodity, lane: .proof(from: from, link: links[unit], steps: steps))
        }
        return Settlement(channel: id, commodity: commodity, lane: .reveal(link: links[unit], steps: steps))
    }

    private mutating func epochAction(_ world: World, _ key: SigningKey) throws -> LedgerAction {
        let epoch = world.state.epoch
        let number = chance(10) ? .random(in: 0...3, using: &random) : epoch.number
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1:
            let reveal = World.blob(.random(in: 0..<1_000, using: &random)).digest
            reveals[key.publicKey.node] = reveal
            let commitment = Beacon.commitment(
                to: reveal, epoch: epoch.number, round: epoch.round, by: key.publicKey.node)
            return .beaconCommit(epoch: number, round: epoch.round, commitment: commitment)
        case 2, 3:
            let reveal = reveals[key.publicKey.node] ?? World.blob(1).digest
            return .beaconReveal(epoch: number, round: epoch.round, reveal: reveal)
        case 4: return .advanceEpoch(epoch: number, round: chance(8) ? 1 : epoch.round)
        case 5: return .recordCertificate(try certificate(world))
        case 6:
            return .submitAudit(
                subject: node(), receipt: World.blob(.random(in: 0..<3, using: &random)).digest, matches: chance(2),
                result: World.blob(1).digest)
        default:
            return .reportMeasurements(
                epoch: number,
                [
                    Observation(
                        subject: node(), probesAnswered: 9, probes: chance(9) ? 0 : 10,
                        latencyMicroseconds: UInt32(truncatingIfNeeded: amount()), rate: amount(), goodBlocks: 3,
                        badBlocks: 0)
                ])
        }
    }

    /// All votes that the known keys can give for the last entry's checkpoint, or too few of them.
    private mutating func certificate(_ world: World) throws -> Certificate {
        let state = world.state
        let checkpoint = state.checkpoint ?? state.makeCheckpoint()
        let committee = state.epoch.committee
        var votes: [Certificate.Vote] = []
        for (index, member) in committee.members.enumerated() where !chance(10) {
            guard let key = keys.first(where: { $0.publicKey == member.publicKey }) else { continue }
            let vote = try CheckpointVote(signing: checkpoint, with: key)
            votes.append(Certificate.Vote(member: UInt32(index), signature: vote.signature))
        }
        return Certificate(checkpoint: checkpoint, votes: votes)
    }

    private mutating func parameterAction() -> LedgerAction {
        switch Int.random(in: 0..<7, using: &random) {
        case 6: .changeParameter(.value(name: "epoch_ms", pick([1_000, 1_500, 4_000])))
        case 0: .changeParameter(.member(account().digest, isAllowed: chance(2)))
        case 1: .changeParameter(.value(name: "transaction_fee", pick([0, 1, 3])))
        case 2: .changeParameter(.value(name: "name_fee", pick([0, 10])))
        case 3: .changeParameter(.value(name: "door", pick([0, 1, 1, 2])))
        case 4: .changeParameter(.value(name: "minimum_stake", pick([0, 50])))
        default: .changeParameter(.value(name: pick(["replicas", "nothing"]), amount()))
        }
    }
}
