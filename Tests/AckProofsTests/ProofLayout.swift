import Blake3
import Stark

@testable import AckProofs

/// Where the parts of a proof are, as docs/design/stark.md has them: written from the document, not from the reader.
struct ProofLayout {
    private(set) var parts: [(name: String, range: Range<Int>)] = []
    private var end = 0

    private mutating func add(_ name: String, _ count: Int) {
        parts.append((name, end..<end + count))
        end += count
    }

    private func digest(_ proof: [UInt8]) -> Digest? { Digest(Array(proof[end..<end + 32])) }

    /// - Parameter proof: One that verifies.
    init(_ proof: [UInt8], of claims: [AckClaim], context: [UInt8], _ parameters: ProofParameters) {
        add("magic", 4)
        add("version", 1)
        add("parameter set", 1)
        let fillerEnd = PoseidonLink(bytes: proof[6..<38]) ?? ChainStatement.fillerLink
        add("filler's last link", 32)
        let statement = ChainStatement(claims, context: context, fillerEnd: fillerEnd)
        let logRows = statement.logRows
        let logDomain = logRows + parameters.logBlowup
        var transcript = Transcript()
        transcript.absorb(
            .parameters,
            [
                parameters.id, UInt8(parameters.logBlowup), UInt8(parameters.queries), UInt8(parameters.grindingBits),
                3, 8, UInt8(logRows), 140,
            ])
        transcript.absorb(.statement, statement.publicInputs)
        if let root = digest(proof) { transcript.absorb(.trace, root) }
        add("root of the trace", 32)
        if let root = digest(proof) { transcript.absorb(.quotient, root) }
        add("root of the quotient", 32)
        transcript.absorb(.values, Array(proof[end..<end + 158 * 20]))
        add("values of the columns at ζ", 140 * 20)
        add("values of the quotient at ζ", 10 * 20)
        add("values of the link at ζ / ω", 8 * 20)
        var logFinal = logRows
        var layers = 0
        while logFinal > 8 {
            if let root = digest(proof) { transcript.absorb(.layer, root) }
            add("root of layer \(layers)", 32)
            layers += 1
            logFinal -= 3
        }
        transcript.absorb(.finalPolynomial, Array(proof[end..<end + 20 << logFinal]))
        add("final polynomial", 20 << logFinal)
        transcript.absorb(.nonce, Array(proof[end..<end + 8]))
        add("nonce", 8)
        let drawn = (0..<parameters.queries).map { _ in transcript.index(bits: logDomain) }
        let leaves = Set(drawn).map { ($0 % (1 << parameters.logBlowup)) << logRows + $0 >> parameters.logBlowup }
        addOpening("trace", leaves, rowBytes: 560, logLeaves: logDomain)
        addOpening("quotient", leaves, rowBytes: 40, logLeaves: logDomain)
        var places = Set(drawn)
        for layer in 0..<layers {
            let logLeaves = logDomain - 3 * (layer + 1)
            places = Set(places.map { $0 % (1 << logLeaves) })
            addOpening("layer \(layer)", Array(places), rowBytes: 160, logLeaves: logLeaves)
        }
    }

    private mutating func addOpening(_ name: String, _ leaves: [Int], rowBytes: Int, logLeaves: Int) {
        add("rows of \(name)", rowBytes * leaves.count)
        var level = Set(leaves)
        var nodes = 0
        for _ in 0..<logLeaves {
            nodes += level.filter { !level.contains($0 ^ 1) }.count
            level = Set(level.map { $0 / 2 })
        }
        add("opening of \(name)", 32 * nodes)
    }

    var byteCount: Int { end }
}
