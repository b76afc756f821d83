public import ControlModel
import Foundation
public import Identity
public import Ledger

/// Putting transactions onto the ledger, exactly once.
extension LedgerClient {
    /// Signs an action with the signer's next nonce and hands it in. When this returns, it is durable on the ledger
    /// and applied on the nodes that the receipt names.
    ///
    /// If an answer is lost or the sequencer is being replaced, the same bytes are handed in again, to the next node in
    /// turn; the ledger carries them out once. Only if another transaction of the signer used the nonce up, so that the
    /// signed one can never be applied any more, it is signed anew.
    ///
    /// - Throws: `ControlFailure` with the ledger's code for a refusal; ``ClientError`` `.outcomeUnknown` if it could
    ///   not be found out whether the transaction was applied, in ``Settings/submitTimeout`` or because no node that
    ///   answers still has the entries since it was signed: it may be on the ledger, or come there.
    public func submit(
        _ action: LedgerAction, key: SigningKey, as role: TransactionBuilder.Role = .account
    ) async throws -> TransactionReceipt {
        let start = try await signedNetwork()
        // No entry up to this head can hold what is signed after it was read.
        var head = start.head
        let builder = TransactionBuilder(networkID: start.network, key: key, as: role)
        let deadline = ContinuousClock.now + settings.submitTimeout
        var nonce = try await LedgerClient.following(self.nonce(of: builder.signer))
        while true {
            let transaction = try builder.sign(action, nonce: nonce)
            switch try await attempt(transaction, signedAt: head, until: deadline) {
            case .applied(let receipt): return receipt
            // What was signed before can never be applied any more, so signing anew cannot carry it out twice.
            case .superseded(let last) where ContinuousClock.now < deadline:
                head = try await self.head().sequence
                nonce = try LedgerClient.following(last)
            case .superseded: throw LedgerClient.nonceTaken(builder.signer, nonce)
            case .pending(let failure): throw failure
            }
        }
    }

    /// Signs what somebody else may submit later, as the signer's next transaction: the first one that the signer submits
    /// in between makes it void.
    ///
    /// - Parameter validity: For how long, by this machine's clock.
    /// - Throws: What asking for the nonce throws.
    public func presign(
        _ action: LedgerAction, key: SigningKey, validity: Duration
    ) async throws -> SignedTransaction {
        let start = try await signedNetwork()
        let builder = TransactionBuilder(networkID: start.network, key: key, as: .account)
        let nonce = try await LedgerClient.following(self.nonce(of: builder.signer))
        let end = Date().timeIntervalSince1970 * 1_000 + validity / .milliseconds(1)
        return try builder.sign(action, nonce: nonce, validUntilMilliseconds: Int64(end))
    }

    /// Hands a transaction in, again and again until it is known what became of it.
    ///
    /// - Parameter head: An entry that the ledger had reached when the transaction was signed. Without it, only a node
    ///   whose log begins with the genesis can tell that the transaction was never applied.
    /// - Throws: As ``submit(_:key:as:)``.
    public func submit(_ transaction: SignedTransaction, signedAt head: UInt64 = 0) async throws -> TransactionReceipt {
        let deadline = ContinuousClock.now + settings.submitTimeout
        switch try await attempt(transaction, signedAt: head, until: deadline) {
        case .applied(let receipt): return receipt
        case .superseded: throw LedgerClient.nonceTaken(transaction.signer, transaction.nonce)
        case .pending(let failure): throw failure
        }
    }

    private enum Fate {
        case applied(TransactionReceipt)
        /// Another transaction of the signer has the nonce; the signer's last one is given.
        case superseded(lastNonce: UInt64)
        case pending(any Error)
    }

    private func attempt(
        _ transaction: SignedTransaction, signedAt head: UInt64, until deadline: ContinuousClock.Instant
    ) async throws -> Fate {
        var isAmbiguous = false
        let notice = WaitNotice(
            after: settings.noticeDelay, limit: settings.submitTimeout, report: nodes[0].onWait)
        defer { notice.end() }
        while true {
            let failure: any Error
            do {
                let receipt = try await ask { node in
                    do {
                        return try await node.submit(transaction)
                    } catch let error where LedgerClient.isPassing(error) {
                        // Also if the next node refuses it: this one may have carried it out.
                        isAmbiguous = true
                        throw error
                    }
                }
                return .applied(receipt)
            } catch let refusal as ControlFailure where refusal.code == LedgerError.Code.badNonce.description {
                let fate = try await fate(of: transaction, signedAt: head, after: refusal)
                // Pending: to a node that has not caught up, the nonce seems to come too early.
                guard case .pending(let reason) = fate else { return fate }
                failure = reason
            } catch let error where LedgerClient.isPassing(error) {
                failure = error
            } catch let error where LedgerClient.leavesOpen(error, isAmbiguous: isAmbiguous) {
                throw LedgerClient.unknownOutcome(of: transaction, "\(error)", look: LedgerClient.onceANodeAnswers)
            }
            notice.because(failure)
            guard ContinuousClock.now < deadline else {
                guard isAmbiguous else { return .pending(failure) }
                throw LedgerClient.unknownOutcome(of: transaction, "\(failure)", look: LedgerClient.onceANodeAnswers)
            }
            try await Task.sleep(for: settings.retryPause)
        }
    }

    /// What the nodes say, asked in turn until one knows.
    ///
    /// - Throws: ``ClientError`` `.outcomeUnknown` if those that answer have forgotten.
    private func fate(
        of transaction: SignedTransaction, signedAt head: UInt64, after refusal: ControlFailure
    ) async throws -> Fate {
        var reason: any Error = refusal
        var forgotten: UInt64?
        for node in apart {
            do {
                switch try await node.trace(of: transaction, signedAt: head) {
                case .applied(let receipt): return .applied(receipt)
                case .superseded(let last): return .superseded(lastNonce: last)
                case .notYet: break
                case .forgotten(let base): forgotten = base
                }
            } catch let error where LedgerClient.isPassing(error) {
                reason = error
            }
        }
        guard let forgotten else { return .pending(reason) }
        throw LedgerClient.unknownOutcome(
            of: transaction,
            "its nonce is used up, by itself unless another command signed with this key, but of the entries up to "
                + "\(forgotten) the node has only a snapshot",
            look: "tells at a node that has older entries (--node URL); if none has, repeat it only if the account "
                + "shows that nothing happened")
    }

    private enum Trace {
        case applied(TransactionReceipt)
        case superseded(lastNonce: UInt64)
        /// The signer has not come to this nonce.
        case notYet
        /// The nonce is used up, but the entries up to the base, of which one may hold the transaction, are gone.
        case forgotten(base: UInt64)
    }

    /// All questions go to one node: between two, the second could be behind the first and know less.
    private func trace(of transaction: SignedTransaction, signedAt head: UInt64) async throws -> Trace {
        let last = try await nonce(of: transaction.signer)
        guard last >= transaction.nonce else { return .notYet }
        if let info = try await keptTransaction(transaction.id), info.outcome == "applied" {
            return .applied(
                TransactionReceipt(
                    id: info.id, sequence: info.sequence, release: info.release, applied: [], behind: []))
        }
        // Asked for last: what is not forgotten now was not forgotten when the transaction was looked for.
        if let base = try await base()?.sequence, base > head { return .forgotten(base: base) }
        return .superseded(lastNonce: last)
    }

    /// The transaction, unless the node does not have it or is just forgetting it.
    private func keptTransaction(_ id: TransactionID) async throws -> TransactionInfo? {
        do {
            return try await transaction(id)
        } catch let failure as ControlFailure where failure.status == 410 {
            return nil
        }
    }

    /// Whether the transaction may be on the ledger although handing it in ended like this. Only the ledger's own
    /// refusals say that it is not; an answer that nobody understands says nothing.
    private static func leavesOpen(_ error: any Error, isAmbiguous: Bool) -> Bool {
        switch error {
        case is CancellationError: false
        case let failure as ControlFailure: isAmbiguous && !failure.code.hasPrefix("ledger/")
        case let error as ClientError: isAmbiguous || error.code == .badAnswer
        default: isAmbiguous
        }
    }

    private static let onceANodeAnswers = "tells once a node answers; repeat it only if no entry holds the transaction"

    private static func unknownOutcome(
        of transaction: SignedTransaction, _ reason: String, look hint: String
    ) -> ClientError {
        ClientError(
            .outcomeUnknown,
            "Whether transaction \(transaction.id) was applied is not known (\(reason)). Look before you repeat the command: "
                + "`skerry ledger show \(transaction.id)` \(hint)")
    }

    private static func nonceTaken(_ signer: Signer, _ nonce: UInt64) -> ControlFailure {
        ControlFailure(
            status: 409, code: LedgerError.Code.badNonce.description,
            message: "Another transaction of \(signer) has nonce \(nonce); repeat the command")
    }

    private static func following(_ nonce: UInt64) throws -> UInt64 {
        let (next, overflow) = nonce.addingReportingOverflow(1)
        guard !overflow else { throw ClientError(.badAnswer, "The node says that no nonce is left; ask another node") }
        return next
    }

    /// The network that a transaction is signed for, and the entry that its ledger has reached. A node of another one
    /// must not get a signature that is good there.
    private func signedNetwork() async throws -> (network: NetworkID, head: UInt64) {
        let head = try await head()
        guard let network = network ?? NetworkID(head.network) else {
            throw ClientError(.badAnswer, "The node does not say which network it is on; update it")
        }
        return (network, head.sequence)
    }
}
