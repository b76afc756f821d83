import Blake3
import Foundation
import Identity
import Ledger
import Stark

@testable import Channels

/// What others say to the payment of deliveries. A target takes any bytes and says what was done wrongly; nil if nothing
/// was.
enum ChannelsFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    private static let network = NetworkID(Blake3.hash([7]))
    private static let key = try? SigningKey(rawRepresentation: Data(repeating: 7, count: 32))
    private static let payerKey = try? SigningKey(rawRepresentation: Data(repeating: 8, count: 32))

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        ["channels-messages": messages, "channels-log": log, "channels-session": session]
    }

    // MARK: Messages

    /// The first byte chooses the message.
    @Sendable private static func messages(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        let bytes = Array(input.dropFirst())
        let again: [UInt8]?
        switch first % 6 {
        case 0: again = try? SessionOpening(bytes: bytes).bytes
        case 1: again = try? SessionOpened(bytes: bytes).bytes
        case 2: again = try? SessionAck(bytes: bytes).bytes
        case 3: again = try? SessionVoucher(bytes: bytes).bytes
        case 4: again = try? QuoteRequest(bytes: bytes).bytes
        default:
            let quote = try? SessionQuote(bytes: bytes)
            if let quote, let key, let payerKey, isValid(quote, key, payerKey) { return "a quote was forged" }
            again = quote?.bytes
        }
        return again == nil || again == bytes ? nil : "a message is written otherwise than it was read"
    }

    private static func isValid(_ quote: SessionQuote, _ key: SigningKey, _ payer: SigningKey) -> Bool {
        do throws(ChannelsError) {
            try quote.check(
                network: network, payee: key.publicKey, payer: payer.publicKey.account, commodity: .bytes, at: 0)
            return true
        } catch {
            return false
        }
    }

    // MARK: The log

    /// The first byte says what the rest is: a file behind its header, or the records of a batch under a right checksum.
    @Sendable private static func log(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        var bytes = AckLogFormat.header(network)
        let rest = Array(input.dropFirst())
        if first % 2 == 0 {
            bytes += rest
        } else {
            bytes += AckLogFormat.batch(
                0, records: Array(rest.prefix(rest.count / AckRecord.byteCount * AckRecord.byteCount)))
        }
        guard let contents = try? bytes.withUnsafeBytes({ try AckLogFormat.read($0, network: network) }) else {
            return nil
        }
        guard contents.byteCount <= bytes.count else { return "more was read than there is" }
        // What was read and is written again is the same.
        var records: [UInt8] = []
        for (slot, channel) in contents.state.channels.enumerated() {
            for record in AckRecord.records(of: channel, slot: slot) { record.append(to: &records) }
        }
        guard !records.isEmpty else { return nil }
        let copy = AckLogFormat.header(network) + AckLogFormat.batch(0, records: records)
        let again = try? copy.withUnsafeBytes { try AckLogFormat.read($0, network: network) }
        return again?.state.channels == contents.state.channels ? nil : "a log is read otherwise than it was written"
    }

    // MARK: A session

    private static let units: UInt64 = 200
    private static let window: UInt64 = 16

    private static let plan = payerKey.flatMap { payer in
        key.flatMap { key in
            try? ChannelPlan(
                key: payer, network: network, payee: key.publicKey.node, nonce: 1, expiresMilliseconds: 1 << 40,
                purchases: [.init(commodity: .bytes, unitPrice: 1, maxUnits: units)])
        }
    }

    private static let links: [PoseidonLink] = {
        guard var chain = plan?.chains[.bytes] else { return [] }
        return [chain.anchor] + (0..<units).compactMap { _ in try? chain.reveal().link }
    }()

    /// Three bytes are a step: what is done, and two for what it is done with. A client may do it in any order; it is
    /// never delivered more than the window beyond what it proved, and never credited more than it revealed.
    @Sendable private static func session(_ input: [UInt8]) -> String? {
        guard let key, let payerKey, let plan,
            let record = try? ChannelRecord(
                id: ChannelID(Blake3.hash([3])), opening: plan.channel, payerKey: payerKey.publicKey, openedSequence: 1)
        else { return "there is no channel to test" }
        var settings = PayeeSettings()
        settings.window = window
        settings.maxWrongLinks = 1_000
        var book = PayeeBook(network: network, node: key.publicKey, settings: settings, recovered: [])
        let holder = payerKey.publicKey.node
        func opening(at milliseconds: Int64) -> SessionOpening {
            SessionOpening(
                channel: record.id, commodity: .bytes, grantMilliseconds: milliseconds, grant: Data(count: 64))
        }
        var session: UInt32 = 0
        var (delivered, proven): (UInt64, UInt64) = (0, 0)
        for place in stride(from: 0, to: min(input.count, 300) - 2, by: 3) {
            let value = UInt64(input[place + 1]) << 8 | UInt64(input[place + 2])
            switch input[place] % 7 {
            case 0:
                if let opened = try? book.openVerified(opening(at: 0), record: record, holder: holder, at: 0) {
                    session = opened.session
                }
            case 1:
                let ack = SessionAck(
                    session: session, link: ChainLink(index: value, link: links[Int(value % (units + 1))]))
                if let added = try? book.acknowledge(ack, holder: holder) { proven += added }
                if value > units, proven > units { return "more was acknowledged than the chain has" }
            case 2:
                let ack = SessionAck(
                    session: session,
                    link: ChainLink(index: value % (units + 9), link: links[Int(value >> 8 % (units + 1))]))
                if let added = try? book.acknowledge(ack, holder: holder) { proven += added }
            case 3:
                let ticket = try? book.charge(value % 4, session: session, holder: holder, commodity: .bytes, at: 1)
                if ticket != nil { delivered += value % 4 }
            case 4:
                let voucher = SessionVoucher(
                    session: session, voucher: .init(units: value, signature: Data(input.prefix(64))))
                if (try? book.check(voucher, holder: holder).verify()) != nil { return "a voucher was forged" }
            case 5:
                // Many at a time, some of them the same.
                let requests = (0..<20).map { (number: UInt64) in
                    let index = min(units, value % (units + 1) + number % 3)
                    return UnitRequest(
                        holder: holder, session: session,
                        acknowledgments: [ChainLink(index: index, link: links[Int(index)])],
                        units: number % 2, commodity: .bytes)
                }
                for (request, answer) in zip(requests, book.admit(requests, at: 1)) {
                    proven += answer.acknowledged
                    if answer.refusal == nil { delivered += request.units }
                }
            default:
                // A grant of any time is refused or taken, and never the end of the node.
                let times: [Int64] = [.min, .min + 1, -1, 300_000, 300_001, .max]
                let time = times[Int(value % 6)]
                if (try? book.check(opening(at: time), record, at: 0)) != nil, time.magnitude > 300_000 {
                    return "a grant of \(time) ms was taken"
                }
            }
            if delivered > proven + window { return "\(delivered) units were delivered and \(proven) acknowledged" }
        }
        let acknowledged = book.positions.first?.acknowledgedUnits ?? 0
        guard acknowledged == proven else { return "\(acknowledged) units are acknowledged, \(proven) were counted" }
        let last = book.positions.first?.last
        return last == nil || last?.link == links[Int(acknowledged)] ? nil : "a wrong link was taken"
    }

    /// Small valid inputs by target and name.
    static func seeds() throws -> [String: [String: [UInt8]]] {
        guard let key, let payerKey else { return [:] }
        let id = ChannelID(Blake3.hash([3]))
        let quote = try SessionQuote(
            network: network, payer: payerKey.publicKey.account, commodity: .compute, unitPrice: 1, permille: 1000,
            expiresMilliseconds: 9, key: key)
        let opening = SessionOpening(
            channel: id, commodity: .bytes, grantMilliseconds: 1, grant: Data(repeating: 1, count: 64))
        let link = ChainLink(index: 1, link: links[1])
        let opened = SessionOpened(
            session: 1 << 20, last: link, owed: 2, window: 16, permille: 1000, expiresMilliseconds: 5)
        var records: [UInt8] = []
        let channel = PayeeChannel(
            key: .init(channel: id, commodity: .bytes), openedSequence: 3, last: link,
            voucher: .init(units: 9, signature: Data(repeating: 2, count: 64)), debt: 5_500)
        for record in AckRecord.records(of: channel, slot: 0) { record.append(to: &records) }
        return [
            "channels-messages": [
                "opening": [0] + opening.bytes, "opened": [1] + opened.bytes,
                "ack": [2] + SessionAck(session: 1 << 20, link: link).bytes,
                "voucher": [3]
                    + SessionVoucher(session: 1, voucher: .init(units: 9, signature: Data(repeating: 2, count: 64)))
                    .bytes,
                "request": [4] + QuoteRequest(payer: payerKey.publicKey.account, commodity: .bytes).bytes,
                "quote": [5] + quote.bytes,
            ],
            "channels-log": [
                "records": [1] + records, "batch": [0] + AckLogFormat.batch(0, records: records), "empty": [0],
            ],
            "channels-session": [
                "pays": [0, 0, 0, 3, 0, 2, 1, 0, 1, 1, 0, 2, 3, 0, 3, 1, 0, 5],
                "lies": [0, 0, 0, 2, 5, 7, 3, 0, 1, 0, 0, 0, 4, 0, 9],
                "together": [0, 0, 0, 5, 0, 1, 5, 0, 4, 6, 0, 0, 6, 0, 5],
            ],
        ]
    }
}
