import Channels
import Functions
import Identity
import PaidDelivery
import Peering
import Synchronization

/// What other nodes, and clients, pay for calls that this one runs for them.
///
/// A unit of gas is a millisecond of the function's CPU time, begun ones count whole. What a call costs is known when it has
/// answered, so it begins on credit: one unit is counted before, the rest afterwards, and while more is owed than the window
/// no further call begins.
final class PaidCalls: Sendable {
    /// Microseconds of CPU time in a unit of gas.
    static let gasMicroseconds: UInt64 = 1_000
    /// Paid calls at a time: as many as ``CallServer`` takes.
    private static let maxRunning = 2_048

    /// What a call cost.
    struct Bill: Sendable {
        /// Units of gas that were counted.
        let gas: UInt64
        /// Units that it used, which may be more than its caller pays.
        let usedGas: UInt64
        /// Where they were counted.
        let ticket: UnitTicket

        var isAboveLimit: Bool { usedGas > gas }
    }

    private struct Running {
        /// Where its units are counted; nil until the first one is.
        var ticket: UnitTicket?
        /// Units that its caller pays at most.
        let mostGas: UInt64
        /// What its worker says that it used.
        var usedGas: UInt64?
    }

    private struct State {
        var serving: PaidServing?
        var running: [String: Running] = [:]
    }

    private let state = Mutex(State())

    /// Before this everything is given away: nobody calls yet.
    func attach(_ serving: PaidServing) { state.withLock { $0.serving = serving } }

    /// Whether a peer is no node, but a client that was let in because it pays.
    func isClient(_ peer: NodeID) -> Bool { state.withLock(\.serving)?.isPayer(peer) ?? false }

    /// A peer wants a call to be run.
    ///
    /// - Parameters:
    ///   - id: The request's name, which the peer may have chosen; one that is running already is refused.
    ///   - mostGas: The units of gas that it pays at most, 1 and above.
    /// - Returns: Why not; nil lets it begin.
    func refusal(of id: String, by peer: NodeID, atMost mostGas: UInt64 = .max) -> PeerError? {
        guard let serving = state.withLock({ $0.serving }), serving.sellsCalls(to: peer) else { return nil }
        let isTaken = state.withLock { state in
            guard state.running[id] == nil, state.running.count < PaidCalls.maxRunning else { return true }
            state.running[id] = Running(mostGas: mostGas)
            return false
        }
        if isTaken { return PeerError(.busy, "A paid call of this name is running, or too many are") }
        do throws(PeerError) {
            let ticket = try serving.beginCall(by: peer)
            state.withLock { $0.running[id]?.ticket = ticket }
            return nil
        } catch {
            _ = state.withLock { $0.running.removeValue(forKey: id) }
            return error
        }
    }

    /// A worker has answered a call, or failed.
    ///
    /// - Parameter cpuMicroseconds: What it used; nil if nobody knows: then the unit that was counted is all.
    func used(_ id: String, cpuMicroseconds: UInt32?) {
        guard let cpuMicroseconds else { return }
        let gas = PaidCalls.gas(cpuMicroseconds)
        typealias Charge = (serving: PaidServing, ticket: UnitTicket, gas: UInt64)
        let charge = state.withLock { state -> Charge? in
            guard let serving = state.serving, let call = state.running[id], let ticket = call.ticket,
                call.usedGas == nil
            else { return nil }
            state.running[id]?.usedGas = gas
            return (serving, ticket, min(gas, call.mostGas))
        }
        if let charge, charge.gas > 1 { charge.serving.chargeCall(charge.ticket, gas: charge.gas - 1) }
    }

    /// A call is over.
    ///
    /// - Returns: What it cost; nil if it was given away.
    func ended(_ id: String) -> Bill? {
        guard let call = state.withLock({ $0.running.removeValue(forKey: id) }), let ticket = call.ticket else {
            return nil
        }
        let used = call.usedGas ?? 1
        return Bill(gas: min(used, call.mostGas), usedGas: used, ticket: ticket)
    }

    /// Whether what was counted with a call is paid, but for what is delivered on credit.
    func isWithinCredit(_ ticket: UnitTicket) -> Bool {
        state.withLock(\.serving)?.isWithinCredit(ticket) ?? false
    }

    /// Units of gas for so much CPU time: 1 at least.
    static func gas(_ cpuMicroseconds: UInt32) -> UInt64 {
        max(1, (UInt64(cpuMicroseconds) + gasMicroseconds - 1) / gasMicroseconds)
    }
}
