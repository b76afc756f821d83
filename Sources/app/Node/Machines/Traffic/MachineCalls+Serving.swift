import Calls
import Functions
import Gateway
import MachineProxy
import NIOCore

/// Requests that other nodes hand on for machines of this one.
extension MachineCalls {
    /// - Parameter eventLoop: Where the connection to the machine lives.
    func serve(
        _ place: MachinePlace, _ call: FunctionCall, on eventLoop: any EventLoop
    ) async throws(CallFailure) -> FunctionReply {
        let answer: MachineAnswer
        do {
            answer = try await answerHere(place, MachineCallCoding.request(call), on: eventLoop).get()
        } catch let failure as MachineProxyFailure {
            throw MachineCallCoding.failure(failure)
        } catch {
            throw .final(FunctionError(.crashed, "The node failed to ask the machine; its log says why"))
        }
        if place.transport == .tcp, case .tunnel(let tunnel) = answer {
            return MachineCallCoding.reply(tunnel, to: call, status: 200)
        }
        return MachineCallCoding.reply(answer, to: call)
    }
}
