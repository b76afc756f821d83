internal import CStark

/// Poseidon1 with width 16 in plain Swift: what the verifier computes with, and what the kernels are tested against.
package enum Poseidon {
    package static let width = 16
    /// Full rounds at the begin, and as many at the end.
    package static let halfFullRounds = 4
    package static let partialRounds = 20

    /// First row of the circulant matrix; entry (i, j) is `circulant[(j − i) mod 16]`.
    package static let circulant: [UInt32] = [1, 1, 51, 1, 11, 17, 2, 1, 101, 63, 15, 2, 67, 22, 13, 3]

    /// The constants that tools/poseidon-constants derives.
    package struct Constants: Sendable {
        // Matrices have 16 words a row.
        package let initial: [KoalaBear]
        package let first: [KoalaBear]
        package let final: [KoalaBear]
        package let circulant: [KoalaBear]
        package let pre: [KoalaBear]
        package let sparseRow: [KoalaBear]
        package let sparseColumn: [KoalaBear]
    }

    package static let constants: Constants = {
        func table(_ start: UnsafePointer<UInt32>?, _ count: Int) -> [KoalaBear] {
            UnsafeBufferPointer(start: start, count: count).map { KoalaBear(unchecked: $0) }
        }
        return Constants(
            initial: table(skerry_stark_poseidon_initial(), 64), first: table(skerry_stark_poseidon_first(), 20),
            final: table(skerry_stark_poseidon_final(), 64),
            circulant: (0..<256).map { KoalaBear(circulant[($0 - $0 / 16) & 15]) },
            pre: table(skerry_stark_poseidon_pre(), 256), sparseRow: table(skerry_stark_poseidon_sparse_row(), 320),
            sparseColumn: table(skerry_stark_poseidon_sparse_column(), 320))
    }()

    /// The permutation of 16 elements, in place.
    package static func permute(_ state: inout [KoalaBear]) {
        precondition(state.count == width, "a state has 16 words")
        let k = constants
        func cube(_ x: KoalaBear) -> KoalaBear { x * x * x }
        func substitute(_ constants: ArraySlice<KoalaBear>) {
            for (index, constant) in zip(0..<width, constants) { state[index] = cube(state[index] + constant) }
        }
        func multiply(_ matrix: [KoalaBear]) {
            let old = state
            for i in 0..<width {
                state[i] = (0..<width).reduce(.zero) { sum, j in sum + matrix[width * i + j] * old[j] }
            }
        }
        for round in 0..<halfFullRounds {
            substitute(k.initial[16 * round..<16 * round + 16])
            multiply(round < halfFullRounds - 1 ? k.circulant : k.pre)
        }
        for round in 0..<partialRounds {
            let cubed = cube(state[0] + k.first[round])
            var head = cubed
            for i in 1..<width {
                head += k.sparseRow[16 * round + i - 1] * state[i]
                state[i] += k.sparseColumn[16 * round + i - 1] * cubed
            }
            state[0] = head
        }
        for round in 0..<halfFullRounds {
            substitute(k.final[16 * round..<16 * round + 16])
            multiply(k.circulant)
        }
    }
}
