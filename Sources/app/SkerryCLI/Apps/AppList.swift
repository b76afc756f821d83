import Client
import ControlModel
import Ledger

/// The apps of some kinds, as `skerry functions list` and `skerry sites list` print them.
enum AppList {
    /// - Parameters:
    ///   - kinds: What the live release is, else the newest: `site`, `function` and the like.
    ///   - owner: Only this account's; nil for everybody's.
    static func show(kinds: [String], owner: String?, _ node: NodeOption) async throws {
        var list = try await node.client().names()
        list.names = list.names.filter { name in
            let live = name.releases.first(where: \.live) ?? name.releases.last
            return kinds.contains(live?.kind ?? "") && (owner == nil || name.owner == owner)
        }
        if node.data.json { return try Terminal.printJSON(list) }
        let gateway = try await node.gateway()
        var rows = [["NAME", "LIVE", "VERSIONS", "OWNER", "ADDRESS"]]
        for name in list.names {
            let url = AppName(name.name).map { Deployer.url(of: $0, gateway: gateway) } ?? ""
            rows.append([name.name, name.live ?? "–", "\(name.releases.count)", String(name.owner.prefix(16)), url])
        }
        for line in Human.table(rows) { Terminal.print(line) }
    }
}
