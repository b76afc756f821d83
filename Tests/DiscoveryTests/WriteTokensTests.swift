import Blake3
import Identity
import Testing

@testable import Discovery

@Suite("Write tokens")
struct WriteTokensTests {
    private var random = SeededGenerator(1)
    private var tokens: WriteTokens

    init() { tokens = WriteTokens(rotation: .seconds(300), now: .zero, using: &random) }

    @Test("A token belongs to one peer")
    mutating func peer() {
        let token = tokens.token(for: node(1), now: .zero, using: &random).bytes
        #expect(tokens.isValid(token, for: node(1), now: .zero, using: &random))
        #expect(!tokens.isValid(token, for: node(2), now: .zero, using: &random))
        #expect(!tokens.isValid([], for: node(1), now: .zero, using: &random))
        #expect(!tokens.isValid(token.dropLast(), for: node(1), now: .zero, using: &random))
        #expect(!tokens.isValid(token + [0], for: node(1), now: .zero, using: &random))
    }

    @Test("It outlives one rotation and dies with the second")
    mutating func rotation() {
        let token = tokens.token(for: node(1), now: .seconds(299), using: &random).bytes
        #expect(tokens.isValid(token, for: node(1), now: .seconds(300), using: &random))
        #expect(tokens.token(for: node(1), now: .seconds(301), using: &random).bytes != token)
        #expect(tokens.isValid(token, for: node(1), now: .seconds(599), using: &random))
        #expect(!tokens.isValid(token, for: node(1), now: .seconds(600), using: &random))
    }

    @Test("After a long silence no old token is taken")
    mutating func silence() {
        let token = tokens.token(for: node(1), now: .zero, using: &random).bytes
        #expect(!tokens.isValid(token, for: node(1), now: .seconds(600), using: &random))
        let late = tokens.token(for: node(1), now: .seconds(10_000), using: &random).bytes
        #expect(!tokens.isValid(token, for: node(1), now: .seconds(10_000), using: &random))
        #expect(tokens.isValid(late, for: node(1), now: .seconds(10_299), using: &random))
    }
}
