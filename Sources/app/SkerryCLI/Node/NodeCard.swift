import Foundation
import Identity
import Ledger

/// A node as others need to know it before there is a ledger that lists it: what `skerry node init` prints, and what
/// `skerry network genesis` reads.
struct NodeCard: Codable {
    /// 64 hexadecimal digits, as are the public key and the account.
    var node: String
    var publicKey: String
    /// The account that operates the node; nil leaves it to whoever makes the genesis.
    var operatorAccount: String?
    /// The folder, and the addresses where the node listens, on its own machine.
    var data: String
    var gateway: String
    var peer: String
    var control: String
    /// Where others reach it; nil if it listens on all addresses and nobody said under which one that is.
    var publicGateway: String?
    var publicPeer: String?
    /// The network whose genesis is in the folder; nil for none yet.
    var network: String?

    /// The largest file that is read as a card, in bytes.
    private static let maxByteCount = 64 << 10

    /// Reads what `skerry node init --json` wrote.
    ///
    /// - Throws: ``CommandError`` if the file cannot be read or is something else.
    static func read(_ path: String) throws -> NodeCard {
        do {
            let bytes = try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).read(upToCount: maxByteCount + 1)
            guard let bytes, bytes.count <= maxByteCount else {
                throw CommandError("it is empty or longer than \(maxByteCount) bytes")
            }
            return try JSONDecoder().decode(NodeCard.self, from: bytes)
        } catch {
            throw CommandError(
                "\(path) cannot be read as what `skerry node init --json` prints on a node's machine: \(error)")
        }
    }

    /// The node as a genesis lists it.
    ///
    /// - Parameter path: Where the card was read, for the error.
    /// - Throws: ``CommandError`` for a key, an account or an address that is none.
    func listing(_ path: String) throws -> NewNetwork.Node {
        guard let key = PublicKey(hex: publicKey), key.node.description == node else {
            throw CommandError(
                "The public key in \(path) is not that of node \(node); take the card from its machine again")
        }
        var account: AccountID?
        if let text = operatorAccount {
            guard let id = AccountID(text) else {
                throw CommandError("The operator \"\(text.prefix(80))\" in \(path) is no account's id")
            }
            account = id
        }
        return NewNetwork.Node(
            publicKey: key, operatorAccount: account,
            peer: try NodeCard.endpoint(publicPeer, peer, "--public-peer", path),
            gateway: try NodeCard.endpoint(publicGateway, gateway, "--public-gateway", path))
    }

    private static func endpoint(
        _ text: String?, _ listening: String, _ option: String, _ path: String
    ) throws -> Endpoint {
        guard let text else {
            throw CommandError(
                "The node of \(path) listens on all addresses, \(listening); repeat `skerry node init` there with \(option), "
                    + "under which others reach it")
        }
        guard let endpoint = Endpoint(text) else {
            throw CommandError("\"\(text.prefix(300))\" in \(path) is no host:port")
        }
        return endpoint
    }
}
