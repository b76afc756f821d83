import ArgumentParser
import Client
import ControlModel
import Foundation
import Ledger

/// Which row of the ledger is meant.
struct ProofKeyArgument: ParsableArguments {
    @Argument(help: "What it is: account, node, name, release, domain or channel.", completion: .list(ProofKey.kinds))
    var kind: String

    @Argument(help: "Its id or name; of a release <name>/<release>.")
    var key: String

    func parse() throws -> ProofKey {
        do {
            return try ProofKey(kind: kind, key: key)
        } catch let failure as ControlFailure {
            throw ValidationError(failure.message)
        }
    }
}

extension LedgerCommand {
    struct Proof: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch the proof of what the ledger holds, verify it, and write it into a file.",
            discussion: """
                The file proves its row to anybody who knows the id of the genesis, without asking any node: with \
                `skerry ledger verify --proof`, or with tools/verify-proof/verify.py, which shares no code with \
                Skerry. There are proofs of absence too.
                """)

        @OptionGroup var target: ProofKeyArgument

        @Option(name: .output, help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
        var out: String?

        @OptionGroup var genesis: GenesisOption
        @OptionGroup var node: NodeOption

        func run() async throws {
            let key = try target.parse()
            let network = try genesis.resolve(node.data)
            let client = try node.ledger(network: network)
            let (bytes, verified) = try await LedgerVerifier(client: client, network: network).bundle(of: key)
            if let out {
                do { try bytes.write(to: URL(fileURLWithPath: out), options: .atomic) } catch {
                    throw CommandError("Cannot write the proof to \(out): \(SystemFailure.reason(error))")
                }
            }
            try ProofReport(key, verified).print(json: node.data.json)
            if let out { Terminal.note("\(Human.bytes(bytes.count)) written to \(out)") }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prove what the ledger holds, trusting nothing but the id of its genesis.",
            discussion: """
                Each committee must have been handed its office by the one before, from the genesis on; more than two \
                thirds of the last one's weight must have signed the state; and the row must be proved to be in that \
                state. What a committee signed once is remembered, so that no node can show an older state later.
                """)

        @OptionGroup var target: ProofKeyArgument

        @Option(
            help: ArgumentHelp(
                "A file that `skerry ledger proof --out` wrote; no node is asked then.", valueName: "file"),
            completion: .file())
        var proof: String?

        @Option(
            help: ArgumentHelp(
                "How old the signed state may be, such as 90s, 10m or 2h. Default: 24h; a file may have any age.",
                valueName: "time"),
            transform: SimulationNumber.seconds)
        var maxAge: Double?

        @OptionGroup var genesis: GenesisOption
        @OptionGroup var node: NodeOption

        func run() async throws {
            let key = try target.parse()
            let network = try genesis.resolve(node.data)
            if let proof {
                return try ProofReport(key, try read(proof, key, network)).print(json: node.data.json)
            }
            let verified = try await ask(key, network)
            try ProofReport(key, verified).print(json: node.data.json)
            let proven = verified.checkpoint.sequence
            let head = try await node.ledger(network: network).head().sequence
            if head == proven + 1 {
                Terminal.note("note: entry \(head) is not certified yet")
            } else if head > proven {
                Terminal.note("note: entries \(proven + 1) to \(head) are not certified yet")
            }
        }

        private func ask(_ key: ProofKey, _ network: NetworkID) async throws -> Verified<ProvenRow> {
            var settings = LedgerVerifier.Settings()
            if let maxAge { settings.maxAge = .seconds(maxAge) }
            settings.cachePath = try Verify.cachePath(network)
            let client = try node.ledger(network: network)
            return try await LedgerVerifier(client: client, network: network, settings: settings).row(key)
        }

        private func read(_ file: String, _ key: ProofKey, _ network: NetworkID) throws -> Verified<ProvenRow> {
            guard let bytes = FileManager.default.contents(atPath: file) else {
                throw CommandError("Cannot read the proof \(file); `skerry ledger proof … --out \(file)` writes it")
            }
            // Nobody is asked; the client is of a node that does not exist.
            let nobody = LedgerClient(NodeClient(control: ""), network: network)
            let verified = try LedgerVerifier(client: nobody, network: network).verify(bundle: bytes, of: key)
            let age = ProofReport.ageSeconds(verified)
            if let maxAge, age > maxAge {
                throw ClientError(
                    .stale, "The state in \(file) is \(Int(age)) s old, more than \(Int(maxAge)) s; get a new proof")
            }
            return verified
        }

        private static func cachePath(_ network: NetworkID) throws -> String {
            let folder = Surroundings.folder("XDG_CACHE_HOME", usual: ".cache")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            return "\(folder)/ledger-\(network)"
        }
    }
}
