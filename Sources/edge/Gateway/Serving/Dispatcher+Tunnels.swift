import NIOCore
import Streams

/// Connections that change their protocol.
extension Dispatcher {
    /// The answer that hands a connection over.
    ///
    /// - Throws: When the request did not ask for it, or the 101 would hold what no message may.
    func reply(
        _ tunnel: GatewayTunnel, _ request: GatewayRequest, _ kind: RequestKind
    ) throws(GatewayError) -> Reply {
        do throws(GatewayError) {
            return Reply(status: 101, fields: try fields(tunnel, request), body: .tunnel(tunnel), kind: kind)
        } catch {
            tunnel.toClient.stop()
            throw error
        }
    }

    private func fields(
        _ tunnel: GatewayTunnel, _ request: GatewayRequest
    ) throws(GatewayError) -> [(name: String, value: String)] {
        guard request.upgrade != nil else {
            throw GatewayError(
                .functionBadResponse, "The answer changes the protocol, which the request did not ask for",
                origin: .origin)
        }
        var fields = try FunctionFields.response(tunnel.headers, maxBytes: settings.maxFunctionFieldBytes)
        // The one field of the connection that is the other side's to say.
        guard let name = tunnel.headers.first(where: { $0.name.lowercased() == "upgrade" })?.value,
            !name.isEmpty, name.utf8.allSatisfy({ HTTPCharacters.isToken($0) || $0 == UInt8(ascii: "/") })
        else {
            throw GatewayError(
                .functionBadResponse, "The answer changes the protocol without naming it", origin: .origin)
        }
        fields.append(("upgrade", name))
        return fields
    }
}
