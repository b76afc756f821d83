import Foundation
import Identity
import Ledger
import Testing

@testable import Channels

/// A payer and a payee of 12 units, one of whom is killed after each of their steps.
@Suite("Restarts at every point")
struct RestartTests {
    private static let units = 12
    /// What happens for each unit: asked for, delivered, acknowledged, flushed.
    private static let steps = 4

    enum Victim: CaseIterable, Sendable { case payer, payee, payeeUnflushed, both }

    @Test("Both go on, each unit is paid once, and nobody is stuck", arguments: Victim.allCases)
    func restart(victim: Victim) async throws {
        for point in 0..<RestartTests.units * RestartTests.steps {
            var scene = try Scene()
            try await scene.run(killing: victim, at: point)
            let ended = scene.ended
            #expect(ended.acknowledged >= UInt64(RestartTests.units), "killed at \(point)")
            // What the payer paid without having it: at most what was under way.
            #expect(ended.lost <= 1, "killed at \(point)")
            #expect(ended.acknowledged == UInt64(RestartTests.units) + ended.lost, "killed at \(point)")
            #expect(ended.owed == 0, "killed at \(point)")
            scene.ledger.close()
        }
    }

    private struct Scene {
        let key = SigningKey()
        let payer: TestPayer
        let folders = [try? TestFolder(), try? TestFolder()]
        var ledger: PayeeLedger
        var session: PayerSession
        private var place = 0
        private var lostBefore: UInt64 = 0

        init() throws {
            payer = try TestPayer(payee: key.publicKey)
            ledger = try Scene.ledger(folders[0]?.path ?? "", key)
            session = try Scene.session(payer, ledger, payer.chain)
        }

        private static func ledger(_ path: String, _ key: SigningKey) throws -> PayeeLedger {
            var log = AckLogSettings()
            log.byteCount = 4096
            // Nothing is written but what is flushed.
            log.groupTime = .seconds(60)
            return try PayeeLedger(folder: path, key: key, network: testNetwork, log: log)
        }

        private static func session(
            _ payer: TestPayer, _ ledger: PayeeLedger, _ chain: PayerChain, lost: UInt64 = 0
        ) throws -> PayerSession {
            try ledger.refresh(sequence: 10) { $0 == payer.record.id ? payer.record : nil }
            let opening = try payer.opening()
            let opened = try ledger.open(opening, record: payer.record, holder: payer.holder, at: 0)
            return try PayerSession(opened, chain: chain, lostUnits: lost)
        }

        var ended: (acknowledged: UInt64, lost: UInt64, owed: UInt64) {
            let acknowledged = ledger.openChannels.first?.acknowledgedUnits ?? 0
            let owed = (try? ledger.owed(session: session.number, holder: payer.holder)) ?? .max
            return (acknowledged, session.lostUnits, owed)
        }

        mutating func run(killing victim: Victim, at point: Int) async throws {
            var step = 0
            for _ in 0..<RestartTests.units {
                var isThere = false
                while !isThere {
                    let isAsked = session.ask()
                    try #require(isAsked)
                    if step == point { try await kill(victim) }
                    step += 1
                    // A payer that was killed has forgotten that it asked, and asks again.
                    guard session.askedUnits > 0 else { continue }
                    do {
                        try ledger.charge(session: session.number, holder: payer.holder, commodity: .bytes, at: 1)
                    } catch {
                        // The payee was killed: the session is opened again, and the unit asked for again.
                        session = try Scene.session(payer, ledger, session.chain, lost: session.lostUnits)
                        try send()
                        continue
                    }
                    if step == point { try await kill(victim) }
                    step += 1
                    isThere = session.askedUnits > 0
                }
                try session.accept()
                try send()
                if step == point { try await kill(victim) }
                step += 1
                try await ledger.flush()
                if step == point { try await kill(victim) }
                step += 1
            }
            // A payee that was killed after the last unit was asked nothing since: it is sent what it lacks when the
            // payer comes again.
            if code({ _ = try ledger.owed(session: session.number, holder: payer.holder) }) == .unknownSession {
                session = try Scene.session(payer, ledger, session.chain, lost: session.lostUnits)
            }
            try send()
        }

        /// Sends what is due. A payee that was killed does not know the session: it is opened again, and says what it lacks.
        private mutating func send() throws {
            while let link = session.takeDue(1).first {
                let ack = SessionAck(session: session.number, link: link)
                do throws(ChannelsError) {
                    _ = try ledger.acknowledge(ack, holder: payer.holder)
                } catch {
                    guard error.code == .unknownSession else { throw error }
                    session = try Scene.session(payer, ledger, session.chain, lost: session.lostUnits)
                }
            }
        }

        private mutating func kill(_ victim: Victim) async throws {
            if victim == .payee || victim == .both { try await ledger.flush() }
            if victim != .payer {
                // As it is on the disk at this moment: the process that has it open writes no more to this copy.
                place += 1
                let copy = (folders[1]?.path ?? "") + "/\(place)"
                try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
                try FileManager.default.copyItem(
                    atPath: (folders[0]?.path ?? "") + "/acks.log", toPath: copy + "/acks.log")
                let old = ledger
                ledger = try Scene.ledger(copy, key)
                old.close()
            }
            if victim == .payer || victim == .both {
                session = try Scene.session(payer, ledger, payer.chain, lost: session.lostUnits)
                try send()
            }
        }
    }
}
