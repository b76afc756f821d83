import ControlModel
import Foundation
import Hummingbird
import Identity
import Ledger

/// Payment channels: what the ledger has of them, what the node asks for, and settling.
extension ControlAPI {
    /// Channels in one answer at most.
    static let maxChannels = 1_000

    func addChannels(to router: Router<ControlContext>, _ gate: SignatureGate) {
        let backend = self.backend
        let ledger = backend.ledger
        let api = router.group("api/v1")
        api.get("prices") { _, _ in JSONBody(backend.prices()) }
        api.get("channels") { request, _ in
            let state = ledger.state
            let (channels, next) = state.channels(
                payer: try ControlAPI.id(request, "payer", "an account", AccountID.init),
                payee: try ControlAPI.id(request, "payee", "a node", NodeID.init), limit: ControlAPI.maxChannels,
                after: try ControlAPI.id(request, "after", "a channel", ChannelID.init))
            let grace = state.parameters.channelGraceMilliseconds
            return JSONBody(
                ChannelList(channels: channels.map { ChannelInfo($0, grace: grace) }, next: next?.description))
        }
        api.get("channels/:channel") { _, context in
            let text = try context.parameters.require("channel")
            let state = ledger.state
            guard let id = ChannelID(text) else { throw ControlAPI.badID(text, "a channel") }
            guard let channel = state.channel(id) else {
                throw ControlFailure(
                    status: 404, code: LedgerError.Code.unknownChannel.description,
                    message: "No channel \(id) is open; it was closed or never opened")
            }
            return JSONBody(ChannelInfo(channel, grace: state.parameters.channelGraceMilliseconds))
        }
        api.post("channels/settlement") { request, _ in
            let account = try gate.check(request)
            return JSONBody(try await backend.settle(by: account))
        }
    }

    private static func id<ID>(
        _ request: Request, _ name: String, _ what: String, _ make: (String) -> ID?
    ) throws -> ID? {
        guard let text = request.uri.queryParameters[Substring(name)].map(String.init) else { return nil }
        guard let id = make(text) else { throw badID(text, what) }
        return id
    }

    private static func badID(_ text: String, _ what: String) -> ControlFailure {
        ControlFailure(
            status: 400, code: "control/bad-id",
            message: "\"\(text.prefix(80))\" is not the id of \(what), which has 64 hexadecimal digits")
    }
}
