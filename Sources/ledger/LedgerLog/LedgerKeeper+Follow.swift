import Foundation
import Identity
import Ledger
import Logging

/// Following a log that several nodes share, and taking the lead in it. Nothing that it says is taken for true.
extension LedgerKeeper {
    /// Reads what is new and takes the lead if it is this node's. False if that has to be tried again soon.
    package func look(at shared: any LedgerLog) async -> Bool {
        guard !isClosed, failure == nil else { return true }
        let shared = DoubtedLog(log: shared)
        do {
            try await resolve(in: shared)
            if isLeading {
                try await checkLead(in: shared)
            } else {
                try await catchUp(with: shared)
                try await takeUpLead(in: shared)
            }
            engineFaults = 0
            toldTrouble = nil
            return true
        } catch let nonsense as DoubtedLog.Nonsense {
            if failure == nil { _ = await engineFault(nonsense.message) }
            return failure != nil
        } catch {
            if failure != nil { return true }
            if let error = error as? LedgerLogError, error.code == .truncated {
                await noteBase(of: shared)
                return false
            }
            tell(error)
            return false
        }
    }

    /// It is tried again soon, so the same is said aloud once; wrong answers and clocks were said already, and who was
    /// cancelled has nothing to say.
    private func tell(_ error: any Error) {
        if Task.isCancelled { return }
        if let code = (error as? LedgerLogError)?.code, code == .diverged || code == .clockMismatch { return }
        let isNew = toldTrouble != "\(error)"
        toldTrouble = "\(error)"
        logger.log(
            level: isNew ? .warning : .debug, "The shared log cannot be followed", metadata: ["error": "\(error)"])
    }

    /// Takes note of what the leadership says.
    func heed(_ standing: Standing) {
        switch (standing, self.standing) {
        case (.leading(let term), .leading(let mine)) where term == mine: return
        case (.leading, .leading): stepDown("The lead changed")
        case (.leading, _): if failure == nil { publish(.vacant) }
        case (_, .leading):
            stepDown("Another node leads now")
            publish(standing)
        default: if failure == nil { publish(standing) }
        }
        wakeUps.send(())
    }

    /// Reads to the end. The next page is read and verified while one is carried out.
    ///
    /// A log that tells its head with the entries is read once for what is new, and only asked for the head if that is not
    /// this node's.
    private func catchUp(with shared: any LedgerLog) async throws {
        let reader = PageReader(log: shared, settings: settings, verified: verified)
        var hasSeenNext = false
        while true {
            try Task.checkCancellation()
            let first = state.sequence &+ 1
            var page = try await reader.page(from: first)
            while true {
                let present = page
                async let following = present.isLast ? present : reader.page(from: present.next)
                try await takeShared(present)
                if present.isLast { break }
                page = try await following
            }
            if let head = page.head, head.sequence == state.sequence, head.hash == state.headHash { break }
            if try await isLevel(with: shared) { break }
            // It came between two reads. Then the next page has it.
            let isAsBefore = state.sequence < first
            if isAsBefore, hasSeenNext { throw await engineFault("it has entry \(first), but no page with it") }
            hasSeenNext = isAsBefore
        }
        note(missing: nil)
    }

    private func takeShared(_ page: PageReader.Page) async throws {
        do {
            try await gate.run { try await follow(page.entries) }
        } catch let error as LedgerLogError where error.code == .badEntry || error.code == .missingEntries {
            throw await engineFault(error.message)
        }
        if let fault = page.fault { throw await engineFault("entry \(page.next) cannot be read: \(fault)") }
    }

    /// A log that moved on without the leader, or went back.
    private func checkLead(in shared: any LedgerLog) async throws {
        try await gate.run {
            guard isLeading, unresolved == nil, try await !isLevel(with: shared) else { return }
            _ = lose(LedgerLogError(.conflict, "the shared log has entries that this node does not know"))
        }
    }

    /// Whether the shared log ends where this node's state does; false if it is ahead.
    private func isLevel(with shared: any LedgerLog) async throws -> Bool {
        // The order matters: the head may only move on after the state was read.
        let state = state
        let head = try await shared.head()
        if head.sequence == state.sequence, head.hash == state.headHash { return true }
        if head.sequence > state.sequence {
            let next = try await shared.entries(from: state.sequence &+ 1, limit: 1, byteLimit: 1)
            guard next.isEmpty else { return false }
            throw await engineFault("it ends at \(head.sequence), but entry \(state.sequence &+ 1) is not there")
        }
        guard head.sequence == state.sequence else {
            throw await engineFault(
                "it ends at \(head.sequence), but this node has its entries up to \(state.sequence): was it restored "
                    + "from an old backup?")
        }
        if let bytes = try await shared.entries(from: head.sequence, limit: 1, byteLimit: 1).first,
            let theirs = try? Entry(decoding: bytes), theirs.sequence == head.sequence
        {
            try await compare(theirs)
        }
        throw await engineFault("its head is \(head.hash), this node's is \(state.headHash)")
    }

    /// A wrong answer: the ledger halts if they do not stop.
    private func engineFault(_ what: String) async -> LedgerLogError {
        engineFaults += 1
        let failure = LedgerLogError(
            .diverged, "The shared log gives wrong answers: \(what). Compare it with the nodes' own logs")
        if engineFaults >= settings.maxEngineFaults {
            await halt(failure)
        } else {
            logger.error("The shared log gave a wrong answer", metadata: ["reason": "\(failure)"])
        }
        return failure
    }

    private func takeUpLead(in shared: any LedgerLog) async throws {
        guard case .leading(let term)? = leadership?.standing, term > lostTerm else {
            if let standing = leadership?.standing, case .following = standing { publish(standing) }
            return
        }
        guard state.genesis.sequencers.contains(node) else {
            throw LedgerLogError(.notSequencer, "The genesis does not let this node order transactions")
        }
        try await gate.run {
            // An entry that came meanwhile is read first, in another round.
            guard try await isLevel(with: shared), failure == nil, !isClosed,
                leadership?.standing == .leading(term: term)
            else { return wakeUps.send(()) }
            if let signed, signed.sequence > state.sequence { return try takeUp(signed) }
            logger.notice("This node orders transactions now", metadata: ["term": "\(term)"])
            publish(.leading(term: term))
        }
    }

    /// An entry that this node signed may be known somewhere although the log says that it was not added: then it is
    /// what comes next, and ``resolve(in:)`` adds it.
    ///
    /// - Throws: ``LedgerLogError`` `.notSequencer` if it does not fit: then nothing is signed before another sequencer's
    ///   entry has its place.
    private func takeUp(_ signed: Entry) throws {
        do throws(LedgerError) {
            unresolved = try AppliedEntry(CheckedEntry(signed), after: state)
        } catch {
            throw LedgerLogError(
                .notSequencer,
                "This node signed another entry \(signed.sequence) before, which does not follow here (\(error)). It orders "
                    + "nothing until another sequencer's entry takes that place; let another one lead")
        }
        wakeUps.send(())
    }

    /// Finds out what became of the entry whose append had no answer.
    private func resolve(in shared: any LedgerLog) async throws {
        try await gate.run {
            guard let sealed = unresolved else { return }
            if state.sequence >= sealed.entry.sequence {
                unresolved = nil
                return
            }
            var lost: LedgerLogError?
            var stored = try await entry(sealed.entry.sequence, of: shared)
            if stored == nil {
                let before = leadership?.standing
                do {
                    // The same bytes again: whichever attempt gets in, it is this entry.
                    try await signatures?.keep(sealed.entry)
                    try await shared.append(sealed.record)
                    stored = sealed.entry.bytes
                } catch let error as LedgerLogError where error.code == .conflict || error.code == .notSequencer {
                    lost = error
                    if error.code == .notSequencer, case .leading(let term)? = before { lostTerm = max(lostTerm, term) }
                    stored = try await entry(sealed.entry.sequence, of: shared)
                }
            }
            unresolved = nil
            if stored == sealed.entry.bytes {
                if let error = await commitShared(sealed) { throw error }
            } else {
                lost = lost ?? LedgerLogError(.conflict, "the shared log has another entry \(sealed.entry.sequence)")
            }
            if let lost { _ = lose(lost) }
        }
    }

    private func entry(_ sequence: UInt64, of shared: any LedgerLog) async throws -> Data? {
        try await shared.entries(from: sequence, limit: 1, byteLimit: 1).first
    }

    private func noteBase(of shared: any LedgerLog) async {
        guard let base = try? await shared.base(), base.sequence > state.sequence else { return }
        note(missing: base)
        logger.notice(
            "The shared log begins behind this node's state; a snapshot is needed",
            metadata: ["base": "\(base.sequence)", "snapshot": "\(base.snapshot)"])
    }
}
