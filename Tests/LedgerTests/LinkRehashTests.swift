import AckProofs
import Stark
import Testing

@testable import Ledger

@Suite struct LinkRehashTests {
    /// True claims of these lengths.
    private func claims(_ steps: [Int]) -> [AckClaim] {
        steps.enumerated().map { index, steps in
            let link = PoseidonLink.test("\(index)")
            return AckClaim(from: link.advanced(by: steps), to: link, steps: UInt64(steps))
        }
    }

    @Test func findsNothingWrongInWhatIsTrue() {
        #expect(LinkRehash.firstFalse([]) == nil)
        for steps in [[1], [1, 2, 3], Array(1...40), [0, 700, 3, 256, 257, 255, 1_024]] {
            #expect(LinkRehash.firstFalse(claims(steps)) == nil, "\(steps)")
        }
    }

    @Test func findsTheFirstThatIsWrong() {
        let steps = (0..<37).map { 1 + ($0 * 97) % 600 }
        let claims = claims(steps)
        for wrong in [[0], [36], [5, 20], [20, 5, 36], [16], [15, 17]] {
            var changed = claims
            for (place, index) in wrong.enumerated() {
                let claim = claims[index]
                changed[index] =
                    switch place % 3 {
                    case 0: AckClaim(from: claim.from, to: claim.to, steps: claim.steps + 1)
                    case 1: AckClaim(from: claim.from.next(), to: claim.to, steps: claim.steps)
                    default: AckClaim(from: claim.from, to: .test("other"), steps: claim.steps)
                    }
            }
            #expect(LinkRehash.firstFalse(changed) == wrong.min(), "\(wrong)")
        }
    }

    @Test func endsWhenItIsCancelled() {
        let wrong = AckClaim(from: .test("a"), to: .test("b"), steps: .max / 2)
        var questions = 0
        let found = LinkRehash.firstFalse([wrong]) {
            questions += 1
            return questions > 3
        }
        #expect(found == nil)
        #expect(questions == 4)
    }
}
