import Blake3
import Foundation
import Identity
import Stark

@testable import Ledger

/// Decoders of what a node or a client believes without having replayed it: snapshots, proofs, and who signed them. A
/// target takes any bytes and says what was read wrongly; nil if nothing was.
enum LedgerProofFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    static func make() throws -> [String: Target] {
        let key = try LedgerFuzzTargets.key()
        let genesis = try LedgerFuzzTargets.genesis(key)
        return [
            "ledger-snapshot": { snapshot($0, genesis) },
            "ledger-row": { row($0, genesis) },
            "ledger-proof": proof,
            "ledger-proof-bundle": { bundle($0, genesis, key) },
            "ledger-committee": committee,
            "ledger-certificate": { certificate($0, genesis) },
            "ledger-handover": { handover($0, genesis, key) },
        ]
    }

    // MARK: Snapshots and rows

    /// The first byte is the size of the pieces in 16 bytes; 0 for all at once. The snapshot is asked to have the root
    /// and the head that it has, so that what no certificate would let pass is read to its end too.
    private static func snapshot(_ input: [UInt8], _ genesis: Genesis) -> String? {
        guard let size = input.first else { return nil }
        let bytes = Data(input.dropFirst())
        let origin = genesis.networkID.digest
        var whole = LedgerSnapshotReader(genesis: genesis, stateRoot: origin, entryHash: origin)
        let isReadable = (try? whole.update(bytes)) != nil
        var reader = LedgerSnapshotReader(
            genesis: genesis, stateRoot: whole.state.root, entryHash: whole.state.headHash)
        let pieces = size == 0 ? max(1, bytes.count) : 16 * Int(size)
        let isReadableInPieces = stride(from: 0, to: bytes.count, by: pieces).allSatisfy { start in
            (try? reader.update(Data(bytes[start..<min(bytes.count, start + pieces)]))) != nil
        }
        guard isReadable == isReadableInPieces else { return "pieces are read otherwise than the whole" }
        guard isReadable, let state = try? reader.finish() else { return nil }
        _ = state.audit()
        _ = (state.beaconPhase(at: .max), state.channelsPastEnd(at: .max, limit: 8))
        return write(state) == bytes ? nil : "a snapshot is written otherwise than it was read"
    }

    private static func write(_ state: LedgerState) -> Data {
        final class Collector { var bytes = Data() }
        let collector = Collector()
        LedgerSnapshot.write(state) { collector.bytes += $0 }
        return collector.bytes
    }

    /// The first byte is the table, the next 32 are the path where the row does not say it itself.
    private static func row(_ input: [UInt8], _ genesis: Genesis) -> String? {
        guard let table = input.first, let path = Digest(input.dropFirst().prefix(Digest.byteCount)) else { return nil }
        var reader = RowReader(table: table, path: path, bytes: Array(input.dropFirst(1 + Digest.byteCount)))
        var state = LedgerState(genesis: genesis)
        state.visitTables(&reader)
        return reader.problem
    }

    private struct RowReader: LedgerTableVisitor {
        typealias Failure = Never

        let table: UInt8
        let path: Digest
        let bytes: [UInt8]
        var problem: String?

        mutating func visit<Row: StoredRow>(_ table: inout MerkleTable<Row>) {
            var decoder = RowDecoder(bytes)
            guard Row.table == self.table, let loose = try? Row(path: path, decoder: &decoder),
                let row = try? Row(path: loose.path, bytes: bytes)
            else { return }
            var encoder = RowEncoder()
            row.encode(into: &encoder)
            if encoder.bytes != bytes { problem = "a row is written otherwise than it was read" }
        }
    }

    // MARK: Proofs

    private static func proof(_ input: [UInt8]) -> String? {
        guard let proof = try? StateProof(decoding: Data(input)) else { return nil }
        guard Array(proof.bytes) == input else { return "a proof is written otherwise than it was read" }
        let root = proof.header.root
        let content = try? proof.verify(table: proof.table, path: proof.path, root: root)
        let account = try? proof.account(AccountID(proof.path), root: root)
        _ = try? proof.node(NodeID(proof.path), root: root)
        return content == nil && account != nil ? "a row is read that is not proved" : nil
    }

    /// An even first byte: a bundle as it is. An odd one: a proof, for which the rest is made, certified.
    private static func bundle(_ input: [UInt8], _ genesis: Genesis, _ key: SigningKey) -> String? {
        guard let mode = input.first else { return nil }
        let bytes = Data(input.dropFirst())
        guard mode & 1 == 1 else {
            guard let bundle = try? ProofBundle(decoding: bytes) else { return nil }
            guard bundle.bytes == bytes else { return "a bundle is written otherwise than it was read" }
            guard let checkpoint = try? bundle.verify(network: bundle.genesis.networkID) else { return nil }
            return checkpoint.stateRoot == bundle.proof.header.root ? nil : "a bundle proves another state"
        }
        guard let proof = try? StateProof(decoding: bytes) else { return nil }
        let root = proof.header.root
        let committee = Committee(genesis: genesis)
        guard
            let certificate = try? certify(
                Checkpoint(
                    networkID: genesis.networkID, sequence: proof.sequence, entryHash: root, stateRoot: root, epoch: 0,
                    committee: committee.hash, nextCommittee: committee.hash), key)
        else { return nil }
        let bundle = ProofBundle(genesis: genesis, handovers: [], certificate: certificate, proof: proof)
        let isRight = holds(proof) && proof.networkID == genesis.networkID && proof.sequence > 0
        let isVerified = (try? bundle.verify(network: genesis.networkID)) != nil
        return isVerified == isRight ? nil : "a bundle is \(isVerified ? "" : "not ")verified"
    }

    /// Whether it proves under its own root that a row is there, or that none is.
    private static func holds(_ proof: StateProof) -> Bool {
        do throws(LedgerError) {
            _ = try proof.verify(table: proof.table, path: proof.path, root: proof.header.root)
            return true
        } catch {
            return false
        }
    }

    /// Of a committee whose only member has the key.
    static func certify(_ checkpoint: Checkpoint, _ key: SigningKey) throws -> Certificate {
        let vote = try CheckpointVote(signing: checkpoint, with: key)
        return Certificate(checkpoint: checkpoint, votes: [Certificate.Vote(member: 0, signature: vote.signature)])
    }

    // MARK: Committees

    private static func committee(_ input: [UInt8]) -> String? {
        guard let committee = try? Committee(decoding: Data(input)) else { return nil }
        guard Array(committee.bytes) == input, committee == Committee(committee.members) else {
            return "a committee is written otherwise than it was read"
        }
        let nodes = committee.nodes
        guard nodes.indices.allSatisfy({ committee.index(of: nodes[$0]) == $0 }) else {
            return "a member is at another place"
        }
        let isMajority = committee.isMajority(committee.totalWeight)
        return isMajority ? nil : "a whole committee is no majority of itself"
    }

    private static func certificate(_ input: [UInt8], _ genesis: Genesis) -> String? {
        guard let certificate = try? Certificate(decoding: Data(input)) else { return nil }
        let again = Certificate(checkpoint: certificate.checkpoint, votes: certificate.votes)
        guard Array(again.bytes) == input else { return "a certificate is written otherwise than it was read" }
        let committee = Committee(genesis: genesis)
        guard (try? certificate.verify(by: committee)) != nil else { return nil }
        return certificate.votes.count == committee.nodes.count ? nil : "too few signed, and it is verified"
    }

    /// An even first byte: a handover as it is. An odd one: the genesis' committee signs what the handover says.
    private static func handover(_ input: [UInt8], _ genesis: Genesis, _ key: SigningKey) -> String? {
        guard let mode = input.first, let read = try? Handover(decoding: Data(input.dropFirst())) else { return nil }
        guard Array(read.bytes) == Array(input.dropFirst()) else {
            return "a handover is written otherwise than it was read"
        }
        let start = LightClient(genesis: genesis)
        var client = start
        guard mode & 1 == 1 else {
            let isTaken = (try? client.accept(read)) != nil
            return isTaken == (client != start) ? nil : "a handover is refused and moves the client"
        }
        let said = read.certificate.checkpoint
        let checkpoint = Checkpoint(
            networkID: genesis.networkID, sequence: said.sequence, entryHash: said.entryHash,
            stateRoot: said.stateRoot, epoch: said.epoch, committee: start.committee.hash,
            nextCommittee: read.nextCommittee.hash)
        guard let certificate = try? certify(checkpoint, key) else { return nil }
        let isRight = said.sequence > 0 && read.nextCommittee != start.committee
        let isTaken =
            (try? client.accept(Handover(certificate: certificate, nextCommittee: read.nextCommittee))) != nil
        guard isTaken == isRight else { return "a handover is \(isTaken ? "" : "not ")taken" }
        return client.committee == (isTaken ? read.nextCommittee : start.committee) ? nil : "another committee follows"
    }
}

extension LedgerProofFuzzTargets {
    // MARK: Seeds

    private static func anchor() throws -> PoseidonLink {
        guard let link = PoseidonLink(bytes: [3] + Array(repeating: 0, count: 31)) else {
            throw LedgerError(.malformed, "3 and seven zeros are no link")
        }
        return link
    }

    /// Small valid inputs by target and name.
    static func seeds() throws -> [String: [String: [UInt8]]] {
        let key = try LedgerFuzzTargets.key()
        let genesis = try LedgerFuzzTargets.genesis(key)
        let name = try AppName(checking: "shop")
        var state = LedgerState(genesis: genesis)
        let builder = TransactionBuilder(networkID: genesis.networkID, key: key)
        let release = NewRelease(
            kind: .site, manifest: BlobID(Blake3.hash([1])), manifestByteCount: 1,
            sizeClass: SizeClass("shared-1x-256"), replicas: 3, secretsEnvelope: Blake3.hash([2]))
        let channel = NewChannel(
            payee: key.publicKey.node, expiresMilliseconds: state.timeMilliseconds + 60_000,
            chains: [NewChannel.Chain(commodity: .bytes, anchor: try anchor(), unitPrice: 2, maxUnits: 9)])
        let update = LedgerAction.updateNode(
            key.publicKey.node, peer: try Endpoint(host: "::1", port: 1), gateway: nil,
            capacity: NodeCapacity(memoryBytes: 1 << 30, cpuMillis: 500))
        let actions: [LedgerAction] = [
            .claimName(name), .publishRelease(name, release), .openChannel(channel), update,
        ]
        let transactions = try actions.enumerated().map { try builder.sign($1, nonce: UInt64($0) + 1) }
        let entry = try Entry(
            following: state, transactions: transactions, timeMilliseconds: state.timeMilliseconds + 1, key: key)
        try state.apply(entry)

        let committee = Committee(genesis: genesis)
        let next = Committee(
            try LedgerFuzzTargets.keys().map { Committee.Member(publicKey: $0.publicKey, weight: 5) })
        func certificate(_ committee: Committee, next: Committee) throws -> Certificate {
            try certify(
                Checkpoint(
                    networkID: genesis.networkID, sequence: state.sequence, entryHash: state.headHash,
                    stateRoot: state.root, epoch: 0, committee: committee.hash, nextCommittee: next.hash), key)
        }
        let certified = try certificate(committee, next: committee)
        let handover = Handover(certificate: try certificate(committee, next: next), nextCommittee: next)
        let present = state.proof(ofName: name)
        let absent = state.proof(ofName: try AppName(checking: "free"))
        let bundle = ProofBundle(genesis: genesis, handovers: [], certificate: certified, proof: present)
        let snapshot = Array(write(state))
        return [
            "ledger-snapshot": ["whole": [0] + snapshot, "pieces": [3] + snapshot],
            "ledger-row": rows(state),
            "ledger-proof": ["present": Array(present.bytes), "absent": Array(absent.bytes)],
            "ledger-proof-bundle": [
                "whole": [0] + Array(bundle.bytes), "proof": [1] + Array(present.bytes),
                "absent": [1] + Array(absent.bytes),
            ],
            "ledger-committee": ["one": Array(committee.bytes), "three": Array(next.bytes)],
            "ledger-certificate": ["signed": Array(certified.bytes)],
            "ledger-handover": ["signed": [0] + Array(handover.bytes), "unsigned": [1] + Array(handover.bytes)],
        ]
    }

    /// A row of each table that has one.
    private static func rows(_ state: LedgerState) -> [String: [UInt8]] {
        var collector = RowCollector()
        var copy = state
        copy.visitTables(&collector)
        return collector.rows
    }

    private struct RowCollector: LedgerTableVisitor {
        typealias Failure = Never

        var rows: [String: [UInt8]] = [:]

        mutating func visit<Row: StoredRow>(_ table: inout MerkleTable<Row>) {
            guard let row = table.rows.first else { return }
            var encoder = RowEncoder([Row.table] + row.path.bytes)
            row.encode(into: &encoder)
            rows["table-\(Row.table)"] = encoder.bytes
        }
    }
}
