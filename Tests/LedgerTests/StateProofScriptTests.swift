import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

/// `tools/verify-proof/verify.py`, which shares no code with the ledger, on bundles that are made here.
@Suite struct StateProofScriptTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "tools/verify-proof/verify.py")

    /// Where `python3` is, if it is on the path.
    private static let python = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { URL(filePath: String($0)).appending(path: "python3") }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) }

    /// The parts of a bundle, each in its one encoding.
    private struct Parts {
        var genesis: Data
        var handovers: [Data]
        var certificate: Data
        var proof: Data

        var bundle: Data {
            field(1, genesis) + handovers.reduce(Data()) { $0 + field(2, $1) } + field(3, certificate)
                + field(4, proof)
        }

        var json: Data {
            let list = handovers.map { "\"\(hex($0))\"" }.joined(separator: ",")
            let (genesis, certificate, proof) = (hex(genesis), hex(certificate), hex(proof))
            let text = """
                {"genesis":"\(genesis)","handovers":[\(list)],"certificate":"\(certificate)","proof":"\(proof)"}
                """
            return Data(text.utf8)
        }

        private func hex(_ data: Data) -> String {
            data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }

        private func field(_ number: UInt8, _ data: Data) -> Data {
            var head = Data([number << 3 | 2])
            var count = data.count
            while count > 127 {
                head.append(UInt8(count & 127) | 128)
                count >>= 7
            }
            head.append(UInt8(count))
            return head + data
        }
    }

    private let world: World
    private let state: LedgerState
    private let successors: [SigningKey]
    private let release: ReleaseID

    init() throws {
        world = try World()
        var state = world.state
        for number in 0..<100 { state.accountTable.put(AccountRecord(StateProofTests.account(number))) }
        state.nameTable.put(
            NameRecord(name: try AppName(checking: "shop"), owner: world.bob.publicKey.account, claimedSequence: 1))
        guard var node = state.node(world.helper.publicKey.node) else {
            throw LedgerError(.unknownNode, "the helper is in the genesis")
        }
        node.capacity = NodeCapacity(memoryBytes: 77, cpuMillis: 500)
        node.admissionEvidence = Blake3.hash([8])
        node.unstaking = [NodeRecord.Unstaking(amount: 1, releaseEpoch: 2, sequence: 3)]
        node.standing.share = BeaconShare(epoch: 1, round: 2, commitment: Blake3.hash([7]), reveal: Blake3.hash([7]))
        node.standing.add(NodePenalty(amount: .permille(7), sequence: 8))
        state.nodeTable.put(node)
        let name = try AppName(checking: "shop")
        release = ReleaseID(name: name, manifest: World.blob(1), publisher: world.bob.publicKey.account, nonce: 1)
        state.releaseTable.put(
            ReleaseRecord(
                name: name, id: release, kind: .site, manifest: World.blob(1), manifestByteCount: 2, message: "first",
                settings: Data([1]), publisher: world.bob.publicKey.account, publishedMilliseconds: 3,
                publishedSequence: 4, sizeClass: SizeClass("shared-1x-256"), replicas: 5,
                secretsEnvelope: Blake3.hash([9])))
        state.sequence = 20
        state.sealTables()
        self.state = state
        successors = try (10..<14).map { try World.key($0) }
    }

    private func certificate(
        _ sequence: UInt64, _ root: Digest, by keys: [SigningKey], weights: UInt64, next: Committee
    ) throws -> Certificate {
        let committee = Committee(keys.map { Committee.Member(publicKey: $0.publicKey, weight: weights) })
        let checkpoint = Checkpoint(
            networkID: world.genesis.networkID, sequence: sequence, entryHash: Blake3.hash([1]), stateRoot: root,
            epoch: sequence / 10, committee: committee.hash, nextCommittee: next.hash)
        var votes: [Certificate.Vote] = []
        for (index, member) in committee.members.enumerated() {
            guard let key = keys.first(where: { $0.publicKey == member.publicKey }) else { continue }
            let vote = try CheckpointVote(signing: checkpoint, with: key)
            votes.append(Certificate.Vote(member: UInt32(index), signature: vote.signature))
        }
        return Certificate(checkpoint: checkpoint, votes: votes)
    }

    /// A bundle in which the genesis committee hands over to four other nodes, which certify the state.
    private func parts(_ proof: StateProof) throws -> Parts {
        let next = Committee(successors.map { Committee.Member(publicKey: $0.publicKey, weight: 5) })
        let first = try certificate(
            10, Blake3.hash([2]), by: [world.sequencer, world.helper], weights: 1, next: next)
        let last = try certificate(20, state.root, by: successors, weights: 5, next: next)
        return Parts(
            genesis: world.genesis.bytes, handovers: [Handover(certificate: first, nextCommittee: next).bytes],
            certificate: last.bytes, proof: proof.bytes)
    }

    /// The script's verdict on a file.
    private func run(_ bytes: Data, _ options: [String] = []) throws -> (isProved: Bool, output: String) {
        let file = FileManager.default.temporaryDirectory.appending(path: "skerry-proof-\(UUID().uuidString)")
        try bytes.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = Self.python
        process.arguments = ["-B", Self.script.path, file.path] + options
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus == 0 && output.hasPrefix("PROVED"), output)
    }

    @Test(.enabled(if: python != nil, "needs python3")) func acceptsWhatIsProved() throws {
        let account = StateProofTests.account(3)
        let parts = try parts(state.proof(ofAccount: account))
        let network = ["--network", world.genesis.networkID.description]
        for bytes in [parts.bundle, parts.json] {
            let result = try run(bytes, network + ["--account", account.description])
            #expect(result.isProved, "\(result.output)")
            #expect(result.output.contains("balance 0"))
        }
        let name = try run(self.parts(state.proof(ofName: try AppName(checking: "shop"))).bundle, ["--name", "shop"])
        #expect(name.isProved && name.output.contains(world.bob.publicKey.account.description), "\(name.output)")
        let free = try run(self.parts(state.proof(ofName: try AppName(checking: "free"))).bundle, ["--name", "free"])
        #expect(free.isProved && free.output.contains("there is none"), "\(free.output)")
    }

    @Test(.enabled(if: python != nil, "needs python3")) func saysWhatNodesAndReleasesAre() throws {
        let helper = world.helper.publicKey.node
        let node = try run(parts(state.proof(ofNode: helper)).bundle, ["--node", helper.description])
        let told = [
            "peer [::1]:7001", "gateway None", "stake 0", "takes part since epoch 0", "reputation 0.2",
            "memory bytes 77, cpu millis 500", "admission evidence \(Blake3.hash([8]).hex)",
        ]
        #expect(node.isProved && told.allSatisfy(node.output.contains), "\(node.output)")
        let sequencer = try run(parts(state.proof(ofNode: world.sequencer.publicKey.node)).bundle)
        #expect(sequencer.isProved && !sequencer.output.contains("memory bytes"), "\(sequencer.output)")
        let proof = state.proof(ofRelease: release, of: try AppName(checking: "shop"))
        let published = try run(parts(proof).bundle)
        let asked = [
            "shop, release \(release), site", "'first'", "size class shared-1x-256", "replicas 5",
            "secrets envelope \(Blake3.hash([9]).hex)",
        ]
        #expect(published.isProved && asked.allSatisfy(published.output.contains), "\(published.output)")
    }

    @Test(.enabled(if: python != nil, "needs python3")) func refusesEveryMutation() throws {
        var random = SeededRandom(seed: 11)
        let parts = try parts(state.proof(ofAccount: StateProofTests.account(3)))
        let other = try World { $0.replicas = 3 }
        var mutated: [Parts] = Array(repeating: parts, count: 20)
        for (index, path) in [\Parts.genesis, \Parts.certificate, \Parts.proof].enumerated() {
            for step in 0..<5 {
                var bytes = parts[keyPath: path]
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8(step)
                mutated[5 * index + step][keyPath: path] = bytes
            }
        }
        mutated[15].handovers = []
        mutated[16].handovers += parts.handovers
        mutated[17].handovers[0][200] ^= 4
        mutated[18].genesis = other.genesis.bytes
        mutated[19].proof = other.state.proof(ofAccount: StateProofTests.account(3)).bytes
        for (index, parts) in mutated.enumerated() {
            let result = try run(parts.bundle)
            #expect(!result.isProved && result.output.hasPrefix("NOT PROVED"), "\(index): \(result.output)")
        }
        let elsewhere = try run(parts.bundle, ["--network", other.genesis.networkID.description])
        #expect(!elsewhere.isProved)
        let another = try run(parts.bundle, ["--account", StateProofTests.account(4).description])
        #expect(!another.isProved)
    }

    /// Two thirds are not more than two thirds.
    @Test(.enabled(if: python != nil, "needs python3")) func needsMoreThanTwoThirds() throws {
        var parts = try parts(state.proof(ofAccount: StateProofTests.account(3)))
        let certificate = try Certificate(decoding: parts.certificate)
        for (missing, isProved) in [(1, true), (2, false)] {
            let votes = Array(certificate.votes.dropLast(missing))
            parts.certificate = Certificate(checkpoint: certificate.checkpoint, votes: votes).bytes
            #expect(try run(parts.bundle).isProved == isProved)
        }
    }

    @Test(.enabled(if: python != nil, "needs python3")) func drawsTheCommitteeOfALargeGenesis() throws {
        var parameters = NetworkParameters()
        parameters.wholeCommitteeUpTo = 4
        parameters.committeeSize = 4
        let keys = try (20..<32).map { try World.key($0) }
        let genesis = try Genesis(
            networkName: "large", timeMilliseconds: 1, parameters: parameters,
            accounts: [],
            nodes: try keys.enumerated().map { index, key in
                GenesisNode(
                    publicKey: key.publicKey, operatorAccount: world.alice.publicKey.account,
                    peer: try Endpoint(host: "h", port: 1), stake: UInt64(index) * 1_000)
            },
            sequencers: [keys[0].publicKey.node])
        var state = LedgerState(genesis: genesis)
        state.sequence = 1
        let committee = Committee(genesis: genesis)
        #expect(committee.members.count == 4)
        let checkpoint = Checkpoint(
            networkID: genesis.networkID, sequence: 1, entryHash: Blake3.hash([1]), stateRoot: state.root, epoch: 0,
            committee: committee.hash, nextCommittee: committee.hash)
        let votes = try committee.members.enumerated().compactMap { index, member in
            try keys.first { $0.publicKey == member.publicKey }.map { key in
                let vote = try CheckpointVote(signing: checkpoint, with: key)
                return Certificate.Vote(member: UInt32(index), signature: vote.signature)
            }
        }
        let certificate = Certificate(checkpoint: checkpoint, votes: votes)
        let proof = state.proof(ofNode: keys[1].publicKey.node)
        let parts = Parts(
            genesis: genesis.bytes, handovers: [], certificate: certificate.bytes, proof: proof.bytes)
        let result = try run(parts.bundle)
        #expect(result.isProved, "\(result.output)")
    }
}
