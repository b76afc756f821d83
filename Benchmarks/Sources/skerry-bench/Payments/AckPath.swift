import ArgumentParser
import Blake3
import Channels
import Foundation
import Identity
import Ledger
import Stark

/// What an acknowledgment costs the node that is paid: reading it, hashing, and recording it, on one thread; and another one
/// that writes what was recorded to the disk. A round ends when all of it is there.
struct AckPath: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acks", abstract: "Verifies and records acknowledgments of many channels, on one thread.")

    /// Acknowledgments that are taken together in the row that does so.
    private static let batch = 256

    @Option(help: "Rounds in which the contenders take turns, 1 to 100.") var rounds = 5
    @Option(help: "Channels, 16 to 16,000.") var channels = 1_000
    @Option(help: "Acknowledgments of each channel in a round, 1 to 1,000.") var units = 200

    func validate() throws {
        guard (1...100).contains(rounds), (16...16_000).contains(channels), (1...1_000).contains(units) else {
            throw ValidationError("--rounds, --channels and --units must be in their ranges")
        }
    }

    func run() async throws {
        let folder = try WorkFolder()
        print("== acknowledgments of \(channels) channels; kernels \(PoseidonLink.kernel); the aim is 500,000 a second")
        var payees = 0
        var contest = Contest(
            "acknowledgments on one thread", unit: "acks", bases: ["hashing alone, one after the other"])
        let count = Double(channels * units)
        let parties = try (0..<channels).map { try Party(number: UInt64($0), units: UInt64(units) + 64) }
        contest.add("hashing alone, one after the other") {
            var link = parties[0].links[0]
            let sample = try await Sample.timed(count) { for _ in 0..<channels * units { link = link.next() } }
            guard link != parties[0].links[0] else { throw BenchError("a chain is a circle") }
            return sample
        }
        contest.add("hashing alone, 16 lanes") {
            var links = (0..<AckPath.batch).map { parties[$0 % parties.count].links[0] }
            return try await Sample.timed(count) {
                for _ in 0..<channels * units / AckPath.batch { PoseidonLink.advance(&links, by: 1) }
            }
        }
        contest.add("verified and recorded, one after the other") {
            payees += 1
            let desk = try Desk(folder: folder.file("\(payees)"), parties)
            let bodies = desk.bodies(parties, units)
            let sample = try await Sample.timed(count) {
                for (holder, body) in bodies {
                    _ = try desk.payee.acknowledge(SessionAck(bytes: body), holder: holder)
                }
                try await desk.payee.flush()
            }
            try await desk.finish(expecting: UInt64(channels * units))
            return sample
        }
        contest.add("verified and recorded, \(AckPath.batch) together") {
            payees += 1
            let desk = try Desk(folder: folder.file("\(payees)"), parties)
            let bodies = desk.bodies(parties, units)
            let sample = try await Sample.timed(count) {
                var first = 0
                while first < bodies.count {
                    let end = min(bodies.count, first + AckPath.batch)
                    var requests: [UnitRequest] = []
                    requests.reserveCapacity(AckPath.batch)
                    for (holder, body) in bodies[first..<end] {
                        let ack = try SessionAck(bytes: body)
                        requests.append(
                            UnitRequest(
                                holder: holder, session: ack.session, acknowledgments: [ack.link], units: 0,
                                commodity: .bytes))
                    }
                    for answer in desk.payee.admit(requests, at: Party.now) where answer.refusal != nil {
                        throw BenchError("an acknowledgment was refused: \(String(describing: answer.refusal))")
                    }
                    first = end
                }
                try await desk.payee.flush()
            }
            try await desk.finish(expecting: UInt64(channels * units))
            return sample
        }
        contest.add("payers reveal links") {
            var chains = parties.map(\.chain)
            return try await Sample.timed(count) {
                for index in chains.indices { for _ in 0..<units { _ = try chains[index].reveal() } }
            }
        }
        try await contest.run(rounds: rounds)
    }

    /// A payer with a channel, and all its links.
    private struct Party {
        let key = SigningKey()
        let chain: PayerChain
        let links: [PoseidonLink]
        let plan: ChannelPlan
        let number: UInt64

        static let payee = SigningKey()
        static let network = NetworkID(Blake3.hash([1]))
        static let now = Int64(Date().timeIntervalSince1970 * 1000)
        static let expires = now + 86_400_000

        init(number: UInt64, units: UInt64) throws {
            self.number = number
            plan = try ChannelPlan(
                key: key, network: Party.network, payee: Party.payee.publicKey.node, nonce: number,
                expiresMilliseconds: Party.expires,
                purchases: [.init(commodity: .bytes, unitPrice: 1, maxUnits: units)])
            guard let chain = plan.chains[.bytes] else { throw BenchError("a plan has no chain") }
            self.chain = chain
            var revealed = chain
            links = try (0..<units).map { _ in try revealed.reveal().link }
        }
    }

    /// A node that all of them pay.
    private struct Desk {
        let payee: PayeeLedger
        let sessions: [UInt32]

        init(folder: String, _ parties: [Party]) throws {
            var log = AckLogSettings()
            // Waits for nothing but the end: how far the disk is behind is part of what is timed.
            log.byteCount = 64 << 20
            log.maxWaitingBytes = 256 << 20
            var settings = PayeeSettings()
            settings.maxChannels = parties.count
            let payee = try PayeeLedger(
                folder: folder, key: Party.payee, network: Party.network, settings: settings, log: log)
            self.payee = payee
            let now = Party.now
            sessions = try parties.map { party in
                let id = ChannelID(Blake3.hash(party.links[0].bytes))
                let holder = party.key.publicKey.node
                let grant = SessionGrant(network: Party.network, channel: id, holder: holder, milliseconds: now)
                let opening = SessionOpening(
                    channel: id, commodity: .bytes, grantMilliseconds: now, grant: try grant.sign(with: party.key))
                let record = try ChannelRecord(
                    id: id, opening: party.plan.channel, payerKey: party.key.publicKey, openedSequence: 1)
                return try payee.open(opening, record: record, holder: holder, at: now).session
            }
        }

        /// What comes from the wire, channel after channel, as many clients send it at the same time.
        func bodies(_ parties: [Party], _ units: Int) -> [(holder: NodeID, body: [UInt8])] {
            var bodies: [(holder: NodeID, body: [UInt8])] = []
            bodies.reserveCapacity(units * parties.count)
            let holders = parties.map(\.key.publicKey.node)
            for unit in 0..<units {
                for (index, party) in parties.enumerated() {
                    let link = ChainLink(index: UInt64(unit) + 1, link: party.links[unit])
                    bodies.append((holders[index], SessionAck(session: sessions[index], link: link).bytes))
                }
            }
            return bodies
        }

        func finish(expecting units: UInt64) async throws {
            try await payee.flush()
            let acknowledged = payee.openChannels.reduce(0) { $0 + $1.acknowledgedUnits }
            guard acknowledged == units, payee.durableRecords >= units else {
                throw BenchError("\(acknowledged) units are acknowledged, \(payee.durableRecords) records on the disk")
            }
            payee.close()
        }
    }
}
