import GRPCCore
import Ledger
import LedgerLog

/// What a failed request says about its effect.
enum EtcdFailure {
    /// Answers with which a member refuses a request for good: repeating it changes nothing, and it had no effect, save that
    /// `resourceExhausted` may come with a request that was the last one to find room.
    private static let finalCodes: Set<RPCError.Code> = [
        .invalidArgument, .notFound, .alreadyExists, .permissionDenied, .unauthenticated, .resourceExhausted,
        .failedPrecondition, .outOfRange, .unimplemented,
    ]

    /// Whether another attempt is pointless. Everything else is ambiguous: the effect may have happened or not.
    static func isFinal(_ error: any Error) -> Bool {
        switch error {
        case let error as RPCError: finalCodes.contains(error.code)
        case let error as RuntimeError: error.code == .clientIsStopped
        default: error is LedgerLogError
        }
    }

    static func unavailable(_ cluster: EtcdCluster, _ last: any Error) -> LedgerLogError {
        let members = cluster.members.map(\.description).joined(separator: ", ")
        return LedgerLogError(
            .unavailable,
            "No etcd member answered for \(cluster.patience) (\(members)); the last said: \(describe(last)). "
                + "Look whether most of them run and reach each other")
    }

    /// What the log's callers are told.
    ///
    /// - Parameter refusal: The code for what etcd refused.
    static func ledgerError(_ error: any Error, refusal: LedgerLogError.Code = .engineRefused) -> LedgerLogError {
        switch error {
        case let error as LedgerLogError: error
        case is CancellationError: LedgerLogError(.unavailable, "The request to etcd was cancelled")
        case let error as RuntimeError where error.code == .clientIsStopped:
            LedgerLogError(.closed, "The connections to etcd were closed")
        case let error as RPCError where error.code == .permissionDenied || error.code == .unauthenticated:
            LedgerLogError(
                refusal, "etcd refuses this node (\(describe(error))); grant its certificate's user the ledger's role")
        case let error where isFinal(error):
            LedgerLogError(refusal, "etcd refused the request: \(describe(error)); look at its alarms and settings")
        default: LedgerLogError(.unavailable, "etcd did not answer: \(describe(error))")
        }
    }

    /// One line; what etcd says is not trusted to be short.
    private static func describe(_ error: any Error) -> String {
        guard let error = error as? RPCError else { return String("\(error)".prefix(300)) }
        return "\(error.code): \(error.message.prefix(300))"
    }
}
