public import Foundation
public import NIOSSL
import Synchronization

/// The certificates that handshakes get, by name: looked up on event loops, so in memory and without waiting.
public final class CertificateBook: Sendable {
    /// Makes what a handshake needs of a certificate: once for each.
    public typealias MakeContext =
        @Sendable (_ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey) throws
        -> NIOSSLContext

    private struct Held {
        let material: CertificateMaterial
        let context: NIOSSLContext
        /// By fingerprint, what may be signed with: this one, and the one before, which nodes that have chains alone may
        /// still show.
        let signing: [Data: CertificateMaterial]
    }

    private struct Borrowed {
        let chain: CertificateChain
        let context: NIOSSLContext
        /// Counts up.
        let number: Int
    }

    private struct State {
        var held: [String: Held] = [:]
        var borrowed: [String: Borrowed] = [:]
        var lastBorrowed = 0
        var fallback: [(names: CertificateMaterial, context: NIOSSLContext)] = []
        var challenges: [String: (answer: ChallengeAnswer, context: NIOSSLContext)] = [:]
        var tokens: [String: ChallengeAnswer] = [:]
    }

    /// Chains of others' keys at most; the longest known one makes way.
    public static let maxBorrowed = 1_024
    /// Challenges that wait at the same time at most.
    public static let maxChallenges = 256

    private let state = Mutex(State())
    private let make: MakeContext
    private let makeChallenge: MakeContext
    private let missing = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// - Parameters:
    ///   - make: For visitors.
    ///   - makeChallenge: For TLS-ALPN-01.
    public init(make: @escaping MakeContext, makeChallenge: @escaping MakeContext) {
        self.make = make
        self.makeChallenge = makeChallenge
    }

    /// Hears of names that visitors asked for and that have no certificate; called on event loops, must not block.
    public func onMissing(_ body: @escaping @Sendable (String) -> Void) { missing.withLock { $0 = body } }

    // MARK: Handshakes

    /// The context for a name: an exact one, that of a wildcard, one whose key another node has, or a fallback that covers
    /// it; nil for none.
    ///
    /// - Parameter name: In lower case without a dot at its end; nil gets the first fallback.
    public func context(for name: String?) -> NIOSSLContext? {
        let found = state.withLock { state -> NIOSSLContext? in
            guard let name else { return state.fallback.first?.context }
            if let held = state.held[name] { return held.context }
            if let dot = name.firstIndex(of: "."), let held = state.held["*" + name[dot...]] { return held.context }
            if let borrowed = state.borrowed[name] { return borrowed.context }
            return state.fallback.first { $0.names.covers(name) }?.context
        }
        if found == nil, let name { missing.withLock { $0 }?(name) }
        return found
    }

    /// The context of TLS-ALPN-01 for a name that waits for a certificate authority; nil for all others.
    public func challengeContext(for name: String) -> NIOSSLContext? {
        state.withLock { $0.challenges[name]?.context }
    }

    /// The body of HTTP-01 for a token; nil if nobody waits for it.
    ///
    /// - Parameter host: If it is known, it must be the domain of the challenge.
    public func keyAuthorization(token: String, host: String?) -> String? {
        guard let answer = state.withLock({ $0.tokens[token] }) else { return nil }
        guard host == nil || host == answer.domain else { return nil }
        return answer.keyAuthorization
    }

    // MARK: Certificates

    /// Serves a certificate from now on; established connections keep theirs.
    ///
    /// - Throws: ``CertificateError`` `.badCertificate` if TLS refuses it; the one before stays.
    public func put(_ material: CertificateMaterial, for domain: String) throws {
        let context = try CertificateBook.context(material, make)
        let fingerprint = try material.chain().fingerprint
        state.withLock { state in
            var signing = [fingerprint: material]
            if let before = state.held[domain] {
                let isSame = before.material == material
                signing.merge(before.signing.filter { isSame || $0.value == before.material }) { $1 }
            }
            state.held[domain] = Held(material: material, context: context, signing: signing)
            state.borrowed[domain] = nil
        }
    }

    public func remove(_ domain: String) { _ = state.withLock { $0.held.removeValue(forKey: domain) } }

    /// What is served for a domain.
    public func material(for domain: String) -> CertificateMaterial? { state.withLock { $0.held[domain]?.material } }

    /// The domains that have a certificate.
    public var domains: [String] { state.withLock { $0.held.keys.sorted() } }

    /// Replaces the certificates of the node's own names, which serve names that have none of their own.
    ///
    /// - Throws: ``CertificateError`` `.badCertificate`.
    public func setFallback(_ materials: [CertificateMaterial]) throws {
        let fallback = try materials.map { (names: $0, context: try CertificateBook.context($0, make)) }
        state.withLock { $0.fallback = fallback }
    }

    // MARK: Lending

    /// Serves a chain from now on whose key another node has.
    ///
    /// - Parameter sign: Has that node sign the handshakes.
    /// - Throws: ``CertificateError`` `.badCertificate` if the chain is not for the domain, is over, or TLS refuses it.
    public func borrow(
        _ chain: CertificateChain, for domain: String, now: Date = Date(), sign: @escaping RemoteKey.Sign
    ) throws {
        guard chain.covers(domain), chain.notAfter > now else {
            throw CertificateError(.badCertificate, "A chain is not for \(domain), or is over")
        }
        let key = NIOSSLPrivateKey(customPrivateKey: RemoteKey(chain, sign: sign))
        let context = try CertificateBook.context(chain.pem, key, make)
        state.withLock { state in
            state.lastBorrowed += 1
            state.borrowed[domain] = Borrowed(chain: chain, context: context, number: state.lastBorrowed)
            if state.borrowed.count > CertificateBook.maxBorrowed,
                let oldest = state.borrowed.min(by: { $0.value.number < $1.value.number })
            {
                state.borrowed[oldest.key] = nil
            }
        }
    }

    /// The chain that is served for a domain with another node's key.
    public func borrowed(_ domain: String) -> CertificateChain? { state.withLock { $0.borrowed[domain]?.chain } }

    /// The domains whose chains are served with other nodes' keys.
    public var borrowedDomains: [String] { state.withLock { $0.borrowed.keys.sorted() } }

    /// Serves a chain of another's key no more.
    public func giveBack(_ domain: String) { state.withLock { $0.borrowed[domain] = nil } }

    /// Signs a handshake of a node that has the chain alone.
    ///
    /// - Parameter leaf: Which certificate that node shows: its fingerprint.
    /// - Throws: ``CertificateError`` `.badCertificate` if this node has not its key, or the content is none of a server's
    ///   handshake.
    public func signature(of content: Data, algorithm: UInt16, leaf: Data, for domain: String) throws -> Data {
        guard let material = state.withLock({ $0.held[domain]?.signing[leaf] }) else {
            throw CertificateError(.badCertificate, "This node has no such certificate of \(domain.prefix(253))")
        }
        return try material.signature(of: content, algorithm: algorithm)
    }

    // MARK: Challenges

    /// Answers a certificate authority until ``withdraw(_:)``.
    ///
    /// - Throws: ``CertificateError`` if the answer is malformed, or too many wait.
    public func publish(_ answer: ChallengeAnswer) throws {
        guard answer.isWellFormed else {
            throw CertificateError(.challengeFailed, "The answer to a challenge is malformed")
        }
        let context = try CertificateBook.context(try answer.certificate(), makeChallenge)
        try state.withLock { state in
            // One for each domain: what was not withdrawn makes way.
            if let before = state.challenges[answer.domain]?.answer { state.tokens[before.token] = nil }
            guard state.challenges.count < CertificateBook.maxChallenges || state.challenges[answer.domain] != nil
            else {
                throw CertificateError(
                    .challengeFailed, "\(CertificateBook.maxChallenges) challenges wait already; try again later")
            }
            state.tokens[answer.token] = answer
            state.challenges[answer.domain] = (answer, context)
        }
    }

    public func withdraw(_ answer: ChallengeAnswer) {
        state.withLock { state in
            state.tokens[answer.token] = nil
            if state.challenges[answer.domain]?.answer == answer { state.challenges[answer.domain] = nil }
        }
    }

    private static func context(_ material: CertificateMaterial, _ make: MakeContext) throws -> NIOSSLContext {
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(bytes: Array(material.keyPEM.utf8), format: .pem) } catch {
            throw CertificateError(.badCertificate, "TLS refuses a certificate's key: \(error)")
        }
        return try context(material.chainPEM, key, make)
    }

    private static func context(
        _ chainPEM: String, _ key: NIOSSLPrivateKey, _ make: MakeContext
    ) throws -> NIOSSLContext {
        do { return try make(try NIOSSLCertificate.fromPEMBytes(Array(chainPEM.utf8)), key) } catch {
            throw CertificateError(.badCertificate, "TLS refuses a certificate: \(error)")
        }
    }
}
