import Blake3
import Foundation
import Identity
import Ledger

/// A small network with known keys: two accounts, two nodes, and a state that tests move on.
struct World {
    static let genesisTime: Int64 = 1_700_000_000_000

    let alice: SigningKey
    let bob: SigningKey
    let stranger: SigningKey
    let sequencer: SigningKey
    let helper: SigningKey
    let genesis: Genesis
    var state: LedgerState

    init(_ change: (inout NetworkParameters) -> Void = { _ in }) throws {
        alice = try World.key(1)
        bob = try World.key(2)
        stranger = try World.key(3)
        sequencer = try World.key(4)
        helper = try World.key(5)
        var parameters = NetworkParameters()
        change(&parameters)
        genesis = try Genesis(
            networkName: "test", timeMilliseconds: World.genesisTime, parameters: parameters,
            accounts: [
                GenesisAccount(bob.publicKey.account, balance: 1_000_000),
                GenesisAccount(alice.publicKey.account, balance: 1_000_000),
            ],
            nodes: [
                GenesisNode(
                    publicKey: sequencer.publicKey, operatorAccount: alice.publicKey.account,
                    peer: try Endpoint(host: "127.0.0.1", port: 7_000),
                    gateway: try Endpoint(host: "127.0.0.1", port: 8_000)),
                GenesisNode(
                    publicKey: helper.publicKey, operatorAccount: bob.publicKey.account,
                    peer: try Endpoint(host: "::1", port: 7_001)),
            ],
            sequencers: [sequencer.publicKey.node], governors: [alice.publicKey.account], isDevelopment: true)
        state = LedgerState(genesis: genesis)
    }

    static func key(_ number: UInt8) throws -> SigningKey {
        try SigningKey(rawRepresentation: Data(repeating: number, count: 32))
    }

    static func blob(_ number: Int) -> BlobID { BlobID(Blake3.hash(Array("blob \(number)".utf8))) }

    static func site(_ number: Int) -> NewRelease {
        NewRelease(kind: .site, manifest: blob(number), manifestByteCount: 100, message: "release \(number)")
    }

    /// Signs with the nonce that is next, or with the given one.
    func sign(
        _ action: LedgerAction, by key: SigningKey, as role: TransactionBuilder.Role = .account, nonce: UInt64? = nil,
        validUntil: Int64? = nil
    ) throws -> SignedTransaction {
        let builder = TransactionBuilder(networkID: genesis.networkID, key: key, as: role)
        return try builder.sign(
            action, nonce: nonce ?? state.nonce(of: builder.signer) + 1, validUntilMilliseconds: validUntil)
    }

    /// Signs, executes and gives the outcome.
    @discardableResult
    mutating func run(
        _ action: LedgerAction, by key: SigningKey, as role: TransactionBuilder.Role = .account,
        at time: Int64 = World.genesisTime
    ) throws -> Outcome {
        state.execute(try sign(action, by: key, as: role), timeMilliseconds: time)
    }

    /// The code of a refusal; nil if the action was applied.
    mutating func refusal(
        _ action: LedgerAction, by key: SigningKey, as role: TransactionBuilder.Role = .account,
        at time: Int64 = World.genesisTime
    ) throws -> LedgerError.Code? {
        let before = state.root
        let code = try run(action, by: key, as: role, at: time).refusal?.code
        return code != nil && state.root != before ? LedgerError.Code("a refusal changed the state") : code
    }

    /// What the key's account may spend.
    func balance(_ key: SigningKey) -> UInt64 { state.account(key.publicKey.account)?.balance ?? 0 }

    /// Publishes and gives the release's id.
    mutating func publish(_ number: Int, _ name: AppName, by key: SigningKey) throws -> ReleaseID {
        guard case .applied(let release?) = try run(.publishRelease(name, World.site(number)), by: key) else {
            throw LedgerError(.malformed, "publishing was refused")
        }
        return release
    }
}

/// A small seeded generator (SplitMix64), so that a failure can be replayed.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension Data {
    /// A copy with a few bytes flipped, cut, doubled or put in.
    func mutated(_ random: inout SeededRandom) -> Data {
        var bytes = Array(self)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where !bytes.isEmpty: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1 where !bytes.isEmpty: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes.removeSubrange(at...)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
            default: bytes.append(contentsOf: bytes.prefix(at))
            }
        }
        return Data(bytes)
    }

    static func random(upTo count: Int, _ random: inout SeededRandom) -> Data {
        Data((0..<Int.random(in: 0...count, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
}
