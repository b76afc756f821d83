public import Stark

/// Proofs that channels' claims are true: each newer link leads to the settled one in as many steps as claimed.
///
/// What that means: the client of each channel authorised the price of that many units, because only it could know the newer
/// link. It says nothing about bytes that crossed a wire or about results that are right. `docs/design/ack-proofs.md` has the
/// format byte by byte.
public enum AckProof {
    /// Claims of a batch.
    public static let maxClaims = 65_536
    /// Steps of a batch, all claims together.
    public static let maxSteps = 1 << 20
    /// Bytes of the context.
    public static let maxContextBytes = 65_536
    /// The version of the encoding.
    public static let version: UInt8 = 1

    /// "skap", the version, the parameter set.
    private static let magic = Array("skap".utf8)

    /// Makes one proof of all claims.
    ///
    /// A claim that is not true throws `stark/untrue`, early. The same claims, context and parameters give the same bytes.
    /// It takes as long as `docs/design/ack-proofs.md` tells, on as many threads as `options` says; call it from a thread that
    /// may wait. Nothing is stored.
    ///
    /// - Parameter context: What the proof is made for, such as a network and a transaction: it verifies for nothing else.
    /// - Parameter options: Threads, their priority, memory to reuse, progress and cancellation.
    /// - Throws: The limits above, `stark/untrue`, `stark/cancelled`, `stark/out-of-memory`.
    public static func prove(
        _ claims: [AckClaim], context: [UInt8], parameters: ProofParameters = .s100,
        options: ProverOptions = ProverOptions()
    ) throws(AckProofError) -> [UInt8] {
        try check(claims, context: context)
        do throws(StarkError) {
            let (body, statement) = try Prover.prove(ChainWitness(claims, context: context), parameters, options)
            return header(parameters, fillerEnd: statement.fillerEnd) + body
        } catch {
            throw AckProofError(error)
        }
    }

    /// Throws unless `proof` shows that all claims are true, for this context.
    ///
    /// Total: no input makes it trap. It takes time in proportion to the number of claims and the logarithm of the steps.
    public static func verify(
        _ proof: [UInt8], of claims: [AckClaim], context: [UInt8]
    ) throws(AckProofError) {
        try verify(proof, of: claims, context: context, accepting: ProofParameters.all)
    }

    /// The same with other parameter sets: for tests, which cannot wait for 24 bits of proof of work.
    package static func verify(
        _ proof: [UInt8], of claims: [AckClaim], context: [UInt8], accepting sets: [ProofParameters]
    ) throws(AckProofError) {
        try check(claims, context: context)
        let headerBytes = magic.count + 2 + PoseidonLink.byteCount
        guard proof.count >= headerBytes, proof.starts(with: magic), proof[magic.count] == version else {
            throw AckProofError(.format, "this is not a proof of version \(version): look where it came from")
        }
        let id = proof[magic.count + 1]
        guard let parameters = sets.first(where: { $0.id == id }) else {
            throw AckProofError(
                .parameters, "parameter set \(id) is not accepted: \(sets.map(\.name).joined(separator: ", ")) are")
        }
        guard let fillerEnd = PoseidonLink(bytes: proof[(magic.count + 2)..<headerBytes]) else {
            throw AckProofError(.stark(.notCanonical), "the filler's last link has a word that is not below p")
        }
        let statement = ChainStatement(claims, context: context, fillerEnd: fillerEnd)
        guard statement.segments.count > claims.count || fillerEnd == PoseidonLink(words: .zero) else {
            throw AckProofError(.stark(.notCanonical), "without a filler its last link is zeros")
        }
        let result = proof.withUnsafeBytes { bytes in
            Result { () throws(StarkError) in
                let body = UnsafeRawBufferPointer(rebasing: bytes[headerBytes...])
                try Verifier.verify(body, of: statement, parameters)
            }
        }
        if case .failure(let error) = result { throw AckProofError(error) }
    }

    /// The parameter set that a proof was made with, without verifying anything; nil if it is none that is known.
    public static func unverifiedParameters(of proof: [UInt8]) -> ProofParameters? {
        guard proof.count > magic.count + 1, proof.starts(with: magic), proof[magic.count] == version else {
            return nil
        }
        return ProofParameters.all.first { $0.id == proof[magic.count + 1] }
    }

    static func header(_ parameters: ProofParameters, fillerEnd: PoseidonLink) -> [UInt8] {
        magic + [version, parameters.id] + fillerEnd.bytes
    }

    /// The limits, and what makes claims senseless.
    static func check(_ claims: [AckClaim], context: [UInt8]) throws(AckProofError) {
        guard !claims.isEmpty else { throw AckProofError(.empty, "there is nothing to prove: give at least one claim") }
        guard claims.count <= maxClaims else {
            throw AckProofError(.tooManyClaims, "\(claims.count) claims; a proof has at most \(maxClaims)")
        }
        guard context.count <= maxContextBytes else {
            throw AckProofError(.contextTooLong, "\(context.count) bytes of context; at most \(maxContextBytes)")
        }
        var steps: UInt64 = 0
        var settled = Set<PoseidonLink>(minimumCapacity: claims.count)
        for (index, claim) in claims.enumerated() {
            guard claim.steps > 0 else {
                throw AckProofError(.noSteps, "claim \(index) has no steps: leave out channels that settle nothing")
            }
            guard claim.steps <= UInt64(maxSteps), steps + claim.steps <= UInt64(maxSteps) else {
                throw AckProofError(.tooManySteps, "a proof covers at most \(maxSteps) steps: make several")
            }
            steps += claim.steps
            guard settled.insert(claim.from).inserted else {
                throw AckProofError(.duplicate, "claim \(index) begins at the same settled link as one before it")
            }
        }
    }
}
