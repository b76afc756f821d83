import CStark
import Testing

@testable import Stark

@Suite struct PoseidonLinkTests {
    /// Published: Plonky3's test of Poseidon1 over KoalaBear with width 16, the permutation of 0, 1, …, 15.
    static let knownAnswer: [UInt32] = [
        610_090_613, 935_319_874, 1_893_335_292, 796_792_199, 356_405_232, 552_237_741, 55_134_556, 1_215_104_204,
        1_823_723_405, 1_133_298_033, 1_780_633_798, 1_453_946_561, 710_069_176, 1_128_629_550, 1_917_333_254,
        1_175_481_618,
    ]

    @Test(arguments: kernelNames) func knownAnswer(kernel: String) throws {
        try withKernel(kernel) {
            var one = (0..<16).map { KoalaBear(UInt32($0)).word }
            var many = one.flatMap { Array(repeating: $0, count: 16) }
            skerry_stark_permute_one(&one)
            skerry_stark_permute(&many)
            #expect(one.map { KoalaBear(unchecked: $0).value } == Self.knownAnswer)
            #expect(
                many.map { KoalaBear(unchecked: $0).value }
                    == Self.knownAnswer.flatMap { Array(repeating: $0, count: 16) })
        }
    }

    /// The kernels against the permutation in plain Swift, with the words at the limits of the field among them.
    @Test(arguments: kernelNames) func kernelsAgreeWithPlainSwift(kernel: String) throws {
        var random = SplitMix(seed: 7)
        try withKernel(kernel) {
            for round in 0..<40 {
                var many = (0..<256).map { _ in random.word() }
                if round == 0 { many = many.map { _ in KoalaBear.modulus - 1 } }
                if round == 1 { for index in many.indices where index % 3 == 0 { many[index] = KoalaBear.modulus - 1 } }
                var expected = many
                for lane in 0..<16 {
                    var state = (0..<16).map { KoalaBear(unchecked: many[16 * $0 + lane]) }
                    Poseidon.permute(&state)
                    for word in 0..<16 { expected[16 * word + lane] = state[word].word }
                    var one = (0..<16).map { many[16 * $0 + lane] }
                    skerry_stark_permute_one(&one)
                    #expect(one == state.map(\.word))
                }
                skerry_stark_permute(&many)
                #expect(many == expected)
            }
        }
    }

    @Test(arguments: kernelNames) func batchesAgreeWithSingleSteps(kernel: String) throws {
        var random = SplitMix(seed: 8)
        try withKernel(kernel) {
            for count in [0, 1, 2, 15, 16, 17, 40] {
                let links = (0..<count).map { _ in random.link() }
                for steps in [0, 1, 5] {
                    var moved = links
                    PoseidonLink.advance(&moved, by: steps)
                    let expected = links.map { link in (0..<steps).reduce(link) { link, _ in link.next() } }
                    #expect(moved == expected)
                    #expect(links.map { $0.advanced(by: steps) } == expected)
                }
            }
        }
    }

    /// h(x) is the first half of the permutation of x and the domain constant.
    @Test func stepIsThePermutationWithTheDomain() {
        var random = SplitMix(seed: 9)
        let link = random.link()
        var state = (0..<8).map { KoalaBear(unchecked: link.words[$0]) }
        state.append(KoalaBear(0x016c_6b73))
        state += Array(repeating: .zero, count: 7)
        Poseidon.permute(&state)
        let next = link.next()
        #expect((0..<8).allSatisfy { next.words[$0] == state[$0].word })
    }

    @Test func bytesAreCanonical() throws {
        var random = SplitMix(seed: 10)
        for _ in 0..<50 {
            let link = random.link()
            #expect(PoseidonLink(bytes: link.bytes) == link)
        }
        let limit: [UInt8] = [0, 0, 0, 0x7f]
        let tooLarge: [UInt8] = [1, 0, 0, 0x7f]
        let zeros = [UInt8](repeating: 0, count: 28)
        for place in stride(from: 0, through: 28, by: 4) {
            let right = Array(zeros[..<place]) + limit + Array(zeros[place...])
            #expect(try #require(PoseidonLink(bytes: right)).bytes == right)
            #expect(PoseidonLink(bytes: Array(zeros[..<place]) + tooLarge + Array(zeros[place...])) == nil)
        }
        #expect(PoseidonLink(bytes: [UInt8](repeating: 0, count: 31)) == nil)
        #expect(PoseidonLink(bytes: [UInt8](repeating: 0, count: 33)) == nil)
        #expect(PoseidonLink(reducing: [UInt8](repeating: 0xff, count: 32)) != nil)
        #expect(PoseidonLink(reducing: [UInt8](repeating: 0xff, count: 31)) == nil)
    }
}
