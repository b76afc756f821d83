internal import Blake3
internal import CStark

// FRI: layers that fold eight values to one, proof of work, and the openings.
extension Prover {
    /// A layer with its tree: five arrays of values, leaf i with the values at i + t · leaves for t = 0…7.
    struct Layer {
        let values: Buffer
        let logSize: Int
        let tree: MerkleTree
        var leaves: Int { 1 << (logSize - ProofParameters.logFolding) }
    }

    /// Commits to all layers and appends the final polynomial.
    mutating func foldDown(_ first: Buffer) throws(StarkError) -> [Layer] {
        var layers: [Layer] = []
        var values = first
        var logSize = logDomain
        var shift = KoalaBear.generator
        for _ in 0..<ProofParameters.layers(logRows: domain.logRows) {
            let layer = try commit(values, logSize: logSize)
            layers.append(layer)
            append(layer: layer.tree.root)
            let challenge = transcript.element()
            values = try fold(layer, shift: shift, challenge: challenge)
            logSize -= ProofParameters.logFolding
            for _ in 0..<ProofParameters.logFolding { shift *= shift }
        }
        let polynomial = finalPolynomial(values, logSize: logSize, shift: shift)
        transcript.absorb(.finalPolynomial, polynomial)
        append(polynomial)
        return layers
    }

    private func commit(_ values: Buffer, logSize: Int) throws(StarkError) -> Layer {
        let logLeaves = logSize - ProofParameters.logFolding
        let layer = Layer(
            values: values, logSize: logSize, tree: try MerkleTree(logLeaves: logLeaves, arena: arena))
        let batch = 64
        try workers.forEachPiece(of: layer.leaves, step: batch) { leaves in
            withUnsafeTemporaryAllocation(byteCount: 192 * batch, alignment: 64) { bytes in
                guard let start = bytes.baseAddress else { return }
                for first in stride(from: leaves.lowerBound, to: leaves.upperBound, by: batch) {
                    skerry_stark_fri_leaves(
                        values.start, layer.leaves, first, batch, start.assumingMemoryBound(to: UInt32.self))
                    Blake3.keyedHashes(
                        key: Transcript.Keys.leaf, UnsafeRawBufferPointer(bytes), byteCount: 160,
                        into: layer.tree.leaves(first..<first + batch))
                }
            }
        }
        try layer.tree.build(workers)
        return layer
    }

    private func fold(_ layer: Layer, shift: KoalaBear, challenge: Quintic) throws(StarkError) -> Buffer {
        let next = try arena.buffer(words: 5 * layer.leaves)
        var fold = skerry_stark_fold(challenge: challenge)
        fold.inverse = shift.inverse.word
        fold.step = KoalaBear.rootOfUnity(log: layer.logSize).inverse.word
        let constants = fold
        try workers.forEachPiece(of: layer.leaves, step: 64) { leaves in
            withUnsafePointer(to: constants) {
                skerry_stark_fri_fold(
                    layer.values.start, layer.leaves, $0, leaves.lowerBound, leaves.count, next.start)
            }
        }
        return next
    }

    /// Interpolates the last layer from every 2^`logBlowup`-th value; a few hundred coefficients, so by the definition.
    private func finalPolynomial(_ values: Buffer, logSize: Int, shift: KoalaBear) -> [Quintic] {
        let size = 1 << logSize
        let count = size >> domain.logBlowup
        let samples = (0..<count).map { index in
            let words = (0..<5).map { values.start[size * $0 + (index << domain.logBlowup)] }
            return Quintic(uncheckedWords: words)
        }
        let root = KoalaBear.rootOfUnity(log: logSize - domain.logBlowup).inverse
        let inverseShift = shift.inverse
        var scale = KoalaBear(UInt32(count)).inverse
        return (0..<count).map { degree in
            let step = root.power(UInt64(degree))
            var power = KoalaBear.one
            var sum = Quintic.zero
            for sample in samples {
                sum += sample * power
                power *= step
            }
            defer { scale *= inverseShift }
            return sum * scale
        }
    }

    /// The smallest nonce that is a proof of work.
    func grind() throws(StarkError) -> UInt64 {
        let mask = UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(parameters.grindingBits)) - 1)
        let state = transcript.state
        let batch = 256
        // Enough for a few milliseconds; the pieces of a round are looked at in order.
        let piece = 1 << 14
        let pieces = 4 * workers.threads
        let found = try arena.buffer(words: 2 * pieces)
        var base: UInt64 = 0
        while true {
            try workers.forEach(pieces) { index in
                found.start[2 * index] = 0
                withUnsafeTemporaryAllocation(byteCount: 96 * batch, alignment: 64) { bytes in
                    let inputs = UnsafeMutableRawBufferPointer(rebasing: bytes[..<(64 * batch)])
                    let digests = UnsafeMutableRawBufferPointer(rebasing: bytes[(64 * batch)...])
                    inputs.initializeMemory(as: UInt8.self, repeating: 0)
                    for lane in 0..<batch {
                        state.withUnsafeBytes { inputs[(64 * lane)...].copyBytes(from: $0) }
                    }
                    for first in stride(from: index * piece, to: (index + 1) * piece, by: batch) {
                        for lane in 0..<batch {
                            inputs.storeBytes(
                                of: (base + UInt64(first + lane)).littleEndian, toByteOffset: 64 * lane + 32,
                                as: UInt64.self)
                        }
                        Blake3.keyedHashes(
                            key: Transcript.Keys.grind, UnsafeRawBufferPointer(inputs), byteCount: 40, into: digests)
                        for lane in 0..<batch
                        where UInt32(littleEndian: digests.load(fromByteOffset: 32 * lane, as: UInt32.self)) & mask == 0
                        {
                            found.start[2 * index] = 1
                            found.start[2 * index + 1] = UInt32(first + lane)
                            return
                        }
                    }
                }
            }
            for index in 0..<pieces where found.start[2 * index] == 1 {
                return base + UInt64(found.start[2 * index + 1])
            }
            base += UInt64(pieces * piece)
        }
    }

    // MARK: Openings

    /// Appends the rows of the trace and of the quotient at some places, each in the order of leaves, with their openings.
    mutating func open(
        _ places: [Int], _ trace: [[Buffer]], _ traceTree: MerkleTree, _ quotient: [Buffer], _ quotientTree: MerkleTree
    ) {
        let leaves = places.map { parameters.leaf(place: $0, logRows: domain.logRows) }.sorted()
        for leaf in leaves {
            let panels = trace[leaf >> domain.logRows]
            let row = leaf & (rows - 1)
            for column in 0..<Claim.columns { proof.append(word: panels[column / 16].start[16 * row + column % 16]) }
        }
        for node in traceTree.opening(leaves) { proof += node.bytes }
        for leaf in leaves {
            let values = quotient[leaf >> domain.logRows].start + 16 * (leaf & (rows - 1))
            for column in 0..<Claim.quotientColumns { proof.append(word: values[column]) }
        }
        for node in quotientTree.opening(leaves) { proof += node.bytes }
    }

    /// Appends the leaves of each layer that the drawn places fold to, with their openings.
    mutating func openLayers(_ layers: [Layer], _ drawn: [Int]) {
        var places = drawn
        for layer in layers {
            let leaves = Array(Set(places.map { $0 & (layer.leaves - 1) })).sorted()
            for leaf in leaves {
                for t in 0..<8 {
                    for word in 0..<5 {
                        proof.append(word: layer.values.start[word << layer.logSize + leaf + t * layer.leaves])
                    }
                }
            }
            for node in layer.tree.opening(leaves) { proof += node.bytes }
            places = leaves
        }
    }
}
