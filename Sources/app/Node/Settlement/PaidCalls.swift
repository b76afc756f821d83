import Channels
import Functions
import Identity
import PaidDelivery
import Peering
import Synchronization

/// What other nodes pay for calls that this one runs for them.
///
/// A unit of gas is a millisecond of the function's CPU time, begun ones count whole. What a call costs is known when it has
/// answered, so it begins on credit: one unit is counted before, the rest afterwards, and while more is owed than the window
/// no further call begins.
final class PaidCalls: Sendable {
    /// Microseconds of CPU time in a unit of gas.
    static let gasMicroseconds: UInt64 = 1_000
    /// Paid calls at a time: as many as ``CallServer`` takes.
    private static let maxRunning = 2_048

    private struct State {
        var serving: PaidServing?
        /// Where the units of gas of a call are counted; nil until the first one is.
        var running: [String: UnitTicket?] = [:]
    }

    private let state = Mutex(State())

    /// Before this everything is given away: nobody calls yet.
    func attach(_ serving: PaidServing) { state.withLock { $0.serving = serving } }

    /// A peer hands on a call.
    ///
    /// - Parameter id: The request's name, which the peer chose; one that is running already is refused.
    /// - Returns: Why not; nil lets it begin.
    func refusal(of id: String, by peer: NodeID) -> PeerError? {
        guard let serving = state.withLock({ $0.serving }), serving.sellsCalls(to: peer) else { return nil }
        let isTaken = state.withLock { state in
            guard state.running[id] == nil, state.running.count < PaidCalls.maxRunning else { return true }
            state.running[id] = .some(nil)
            return false
        }
        if isTaken { return PeerError(.busy, "A paid call of this name is running, or too many are") }
        do throws(PeerError) {
            let ticket = try serving.beginCall(by: peer)
            state.withLock { $0.running[id] = ticket }
            return nil
        } catch {
            _ = state.withLock { $0.running.removeValue(forKey: id) }
            return error
        }
    }

    /// A call has answered, or failed.
    ///
    /// - Parameter cpuMicroseconds: What it used; nil if nothing ran, or nobody knows: then the unit that was counted is all.
    func ended(_ id: String, cpuMicroseconds: UInt32?) {
        let (serving, ticket) = state.withLock { ($0.serving, $0.running.removeValue(forKey: id) ?? nil) }
        guard let serving, let ticket, let cpuMicroseconds else { return }
        let gas = PaidCalls.gas(cpuMicroseconds)
        if gas > 1 { serving.chargeCall(ticket, gas: gas - 1) }
    }

    /// Units of gas for so much CPU time: 1 at least.
    static func gas(_ cpuMicroseconds: UInt32) -> UInt64 {
        max(1, (UInt64(cpuMicroseconds) + gasMicroseconds - 1) / gasMicroseconds)
    }
}
