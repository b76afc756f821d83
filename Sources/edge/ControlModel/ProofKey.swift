public import Identity
public import Ledger

/// A row of the ledger that can be proved to be there, or not to be.
public enum ProofKey: Hashable, Sendable, CustomStringConvertible {
    case account(AccountID)
    case node(NodeID)
    case name(AppName)
    case release(ReleaseID, of: AppName)
    case domain(DomainName)
    case channel(ChannelID)

    /// What ``init(kind:key:)`` takes as a kind.
    public static let kinds = ["account", "node", "name", "release", "domain", "channel"]

    /// Reads what a person typed: a kind, and an id, a name, a domain, or `<name>/<release>`.
    ///
    /// - Throws: ``ControlFailure`` with status 400 if there is no such kind or the key cannot be one.
    public init(kind: String, key: String) throws {
        switch kind {
        case "account": self = .account(try ProofKey.read(key, "an account id has 64 hexadecimal digits"))
        case "node": self = .node(try ProofKey.read(key, "a node id has 64 hexadecimal digits"))
        case "channel": self = .channel(try ProofKey.read(key, "a channel id has 64 hexadecimal digits"))
        case "name": self = .name(try ProofKey.name(key))
        case "domain":
            do throws(LedgerError) {
                self = .domain(try DomainName(checking: key))
            } catch {
                throw ControlFailure(status: 400, code: error.code.description, message: error.message)
            }
        case "release":
            let parts = key.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let release = ReleaseID(String(parts[1])) else {
                throw ProofKey.bad(key, "write <name>/<release>; a release's id has 10 characters")
            }
            self = .release(release, of: try ProofKey.name(String(parts[0])))
        default:
            throw ControlFailure(
                status: 400, code: "control/bad-proof-kind",
                message: "There are no proofs of \"\(kind.prefix(40))\"; there are of "
                    + ProofKey.kinds.joined(separator: ", "))
        }
    }

    /// One of ``kinds``.
    public var kind: String {
        switch self {
        case .account: "account"
        case .node: "node"
        case .name: "name"
        case .release: "release"
        case .domain: "domain"
        case .channel: "channel"
        }
    }

    /// What ``init(kind:key:)`` takes as a key.
    public var key: String {
        switch self {
        case .account(let id): id.description
        case .node(let id): id.description
        case .name(let name): name.description
        case .release(let id, let name): "\(name)/\(id)"
        case .domain(let domain): domain.description
        case .channel(let id): id.description
        }
    }

    /// For messages, such as `account 0123…`.
    public var description: String { "\(kind) \(key)" }

    /// Behind `/api/v1/proofs/`: the kind in the plural and the key.
    public var apiPath: String { "\(kind)s/\(key)" }

    private static func name(_ text: String) throws -> AppName {
        do throws(LedgerError) {
            return try AppName(checking: text)
        } catch {
            throw ControlFailure(status: 400, code: error.code.description, message: error.message)
        }
    }

    private static func read<Key: LosslessStringConvertible>(_ text: String, _ rule: String) throws -> Key {
        guard let key = Key(text) else { throw bad(text, rule) }
        return key
    }

    private static func bad(_ text: String, _ rule: String) -> ControlFailure {
        ControlFailure(
            status: 400, code: "control/bad-proof-key", message: "\"\(text.prefix(80))\" is no such key: \(rule)")
    }
}
