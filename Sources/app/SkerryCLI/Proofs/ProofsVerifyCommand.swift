import AckProofs
import ArgumentParser
import Client
import ControlModel
import Foundation
import Ledger
import Stark

struct ProofsVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Verify the proof of a settlement, and say what it claims.",
        discussion: """
            Takes a file with a signed settlement, as `skerry proofs bench --out` writes it, or the id of a \
            transaction, which is read from a node. The file needs no node. With --rehash every chain is hashed as \
            well, which needs no belief in the proof system. The exit status is 0 only if everything is right.
            """)

    @Argument(help: "A file, or the id of a transaction: 64 hexadecimal digits.", completion: .file())
    var source: String

    @Flag(help: "Hash every chain from its new link to its settled one.")
    var rehash = false

    @OptionGroup var node: NodeOption

    struct Report: Codable {
        struct Claim: Codable {
            var channel: String
            var commodity: String
            var from: String
            var link: String
            var steps: UInt64
            /// Nil unless the chain was hashed.
            var rehashed: Bool?
        }

        var transaction: String
        var network: String
        /// The node that signed and is paid.
        var payee: String
        var proofBytes: Int
        var steps: UInt64
        var claims: [Claim]
        var isValid: Bool
        /// Why not.
        var problem: String?
        var verifyMilliseconds: Double
        /// Nil unless the chains were hashed.
        var rehashMilliseconds: Double?
    }

    func run() async throws {
        let bytes = try await read()
        let report = try check(bytes)
        if node.data.json { try Terminal.printJSON(report) } else { show(report) }
        if !report.isValid { throw ExitCode.failure }
    }

    private func read() async throws -> Data {
        if let bytes = FileManager.default.contents(atPath: source) { return bytes }
        guard let id = TransactionID(source) else {
            throw CommandError(
                "There is no file \(source), and it is no transaction's id, which has 64 hexadecimal digits")
        }
        let client = try node.ledger()
        guard let info = try await client.transaction(id) else {
            throw CommandError("No entry that the node keeps has the transaction \(id)")
        }
        for bytes in try await client.entries(from: info.sequence, limit: 1) {
            for transaction in try Entry(decoding: bytes).transactions
            where try SignedTransaction(decoding: transaction).id == id {
                return transaction
            }
        }
        throw CommandError("The node did not send entry \(info.sequence); ask another one with --node")
    }

    private func check(_ bytes: Data) throws -> Report {
        let transaction = try SignedTransaction(decoding: bytes)
        guard case .settleChannels(let settlements, let proof) = transaction.action, !proof.isEmpty else {
            throw CommandError("The transaction \(transaction.id) settles nothing by proof")
        }
        let claims = SettlementProof.claims(of: settlements)
        let clock = ContinuousClock()
        var problem: String?
        let time = clock.measure {
            do throws(LedgerError) {
                try SettlementProof.verify(proof, of: settlements, network: transaction.networkID)
            } catch { problem = error.message }
        }
        var (falseOnes, rehashTime): (Set<Int>, Duration?) = ([], nil)
        if rehash {
            rehashTime = clock.measure {
                falseOnes = Set(claims.indices.filter { LinkRehash.firstFalse([claims[$0]]) != nil })
            }
            if let first = falseOnes.min() {
                problem =
                    problem ?? "Hashing claim \(first + 1) does not lead where it says, although the proof is valid"
            }
        }
        let proven = settlements.filter { if case .proof = $0.lane { true } else { false } }
        return Report(
            transaction: transaction.id.description, network: transaction.networkID.description,
            payee: "\(transaction.signer)", proofBytes: proof.count, steps: claims.reduce(0) { $0 &+ $1.steps },
            claims: zip(proven, claims).enumerated().map { index, pair in
                Report.Claim(
                    channel: pair.0.channel.description, commodity: pair.0.commodity.rawValue,
                    from: hex(pair.1.from.bytes), link: hex(pair.1.to.bytes), steps: pair.1.steps,
                    rehashed: rehash ? !falseOnes.contains(index) : nil)
            }, isValid: problem == nil, problem: problem, verifyMilliseconds: time / .milliseconds(1),
            rehashMilliseconds: rehashTime.map { $0 / .milliseconds(1) })
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func show(_ report: Report) {
        Terminal.print("transaction  \(report.transaction)")
        Terminal.print("network      \(report.network)")
        Terminal.print("signed by    \(report.payee)")
        let rows = report.claims.map { claim in
            [
                claim.channel, claim.commodity, "\(claim.steps)", String(claim.from.prefix(16)),
                String(claim.link.prefix(16)), claim.rehashed.map { $0 ? "OK" : "FALSE" } ?? "",
            ]
        }
        for line in Human.table(
            [["CHANNEL", "FOR", "STEPS", "FROM", "TO", report.rehashMilliseconds == nil ? "" : "HASHED"]] + rows)
        {
            Terminal.print(line)
        }
        let time = String(format: "%.2f ms", report.verifyMilliseconds)
        Terminal.print(
            "\(report.claims.count) claims, \(report.steps) steps, a proof of \(report.proofBytes) bytes, verified in \(time)"
        )
        if let hashed = report.rehashMilliseconds {
            Terminal.print("hashed again in \(String(format: "%.2f ms", hashed)), chain by chain")
        }
        Terminal.print(report.isValid ? "OK" : "NOT VALID: \(report.problem ?? "")")
    }
}
