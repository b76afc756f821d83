import Blake3
import Client
import ControlModel
import Foundation
import Identity
import Ledger

/// What a proof shows, in words and for scripts.
struct ProofReport: Codable {
    private struct Field: Codable {
        var name: String
        var value: String
    }

    private struct Certified: Codable {
        var network: String
        var sequence: UInt64
        var entryHash: String
        var stateRoot: String
        var epoch: UInt64
        var signatures: Int
        var timeMilliseconds: Int64
    }

    private var row: String
    /// Whether there is such a row; its absence is proved too.
    private var exists: Bool
    private var fields: [Field]
    private var checkpoint: Certified
    /// How long ago the ledger was in that state.
    private var ageSeconds: Double

    init(_ key: ProofKey, _ verified: Verified<ProvenRow>) {
        row = key.description
        exists = verified.value != nil
        fields = (verified.value.map(ProofReport.fields) ?? []).map(Field.init)
        let checkpoint = verified.checkpoint
        self.checkpoint = Certified(
            network: checkpoint.networkID.description, sequence: checkpoint.sequence,
            entryHash: checkpoint.entryHash.hex, stateRoot: checkpoint.stateRoot.hex, epoch: checkpoint.epoch,
            signatures: verified.signatures, timeMilliseconds: verified.timeMilliseconds)
        ageSeconds = ProofReport.ageSeconds(verified)
    }

    /// How long ago the ledger was in the proved state, by this machine's clock.
    static func ageSeconds<Value>(_ verified: Verified<Value>) -> Double {
        Date().timeIntervalSince1970 - Double(verified.timeMilliseconds) / 1_000
    }

    func print(json: Bool) throws {
        if json { return try Terminal.printJSON(self) }
        Terminal.print(exists ? "proved: \(row)" : "proved: there is no \(row)")
        let width = (fields.map(\.name.count).max() ?? 0) + 2
        for field in fields {
            Terminal.print("  \(field.name.padding(toLength: width, withPad: " ", startingAt: 0))\(field.value)")
        }
        let members = checkpoint.signatures == 1 ? "1 member" : "\(checkpoint.signatures) members"
        Terminal.print(
            "by the checkpoint of entry \(checkpoint.sequence), which \(members) of epoch \(checkpoint.epoch)'s committee signed,"
        )
        Terminal.print("more than two thirds of its weight, and which follows from the genesis of network")
        Terminal.print("\(checkpoint.network).")
        Terminal.print(
            "The state is of \(Human.date(milliseconds: checkpoint.timeMilliseconds)), "
                + "\(Human.time(milliseconds: UInt64(max(0, ageSeconds) * 1_000))) ago; its root is")
        Terminal.print("\(checkpoint.stateRoot).")
    }

    // MARK: Rows

    private static func fields(_ row: ProvenRow) -> [(String, String)] {
        switch row {
        case .account(let account):
            [
                ("balance", Units.text(account.balance)), ("nonce", "\(account.nonce)"),
                ("names", "\(account.nameCount)"), ("nodes", "\(account.nodeCount)"),
            ]
        case .node(let node): fields(node)
        case .name(let name): fields(name)
        case .release(let release):
            [
                ("kind", release.kind.rawValue), ("manifest", release.manifest.description),
                ("publisher", release.publisher.description),
                ("published", Human.date(milliseconds: release.publishedMilliseconds)), ("message", release.message),
            ]
        case .domain(let domain):
            [("name", domain.name.description), ("bound by entry", "\(domain.boundSequence)")]
        case .channel(let channel):
            [
                ("payer", channel.payer.description), ("payee", channel.payee.description),
                ("deposit", Units.text(channel.deposit)), ("settled", Units.text(channel.settled)),
                ("expires", Human.date(milliseconds: channel.expiresMilliseconds)),
            ]
        }
    }

    private static func fields(_ node: NodeRecord) -> [(String, String)] {
        let part =
            switch node.participation {
            case .never: "no"
            case .since(let epoch): "since epoch \(epoch)"
            case .left(let epoch): "left in epoch \(epoch)"
            }
        return [
            ("operator", node.operatorAccount.description), ("peer", node.peer.description),
            ("gateway", node.gateway?.description ?? "none"), ("stake", Units.text(node.stake)), ("takes part", part),
        ]
    }

    private static func fields(_ name: NameRecord) -> [(String, String)] {
        var fields = [("owner", name.owner.description), ("live", name.live?.description ?? "none")]
        if let candidate = name.candidate {
            fields.append(("tried out", "\(candidate.release), by \(candidate.percent)% of the visitors"))
        }
        fields.append(("releases", name.releases.map(\.description).joined(separator: ", ")))
        return fields
    }
}
