import Foundation

/// Talks to a certificate authority as one account (RFC 8555).
///
/// Not for two orders at once that share a challenge; requests of several orders may interleave.
actor ACMEClient {
    private let directoryURL: String
    private let key: ACMEAccountKey
    private let contact: String?
    private let agreesToTerms: Bool
    private let transport: any ACMETransport
    private var directory: ACMEDirectory?
    private var account: String?
    private var nonces: [String] = []

    /// - Parameters:
    ///   - contact: An e-mail address for the authority's warnings.
    ///   - agreesToTerms: Whether the operator agrees to the authority's terms of service.
    init(
        directory: String, key: ACMEAccountKey, contact: String?, agreesToTerms: Bool, transport: any ACMETransport
    ) {
        directoryURL = directory
        self.key = key
        self.contact = contact
        self.agreesToTerms = agreesToTerms
        self.transport = transport
    }

    /// Orders a certificate for names (section 7.4).
    ///
    /// - Parameter old: The one whose place it takes, by its ``CertificateChain/renewalID``: authorities that say when to
    ///   renew do not count such an order against their limits (RFC 9773, section 5).
    func newOrder(_ names: [String], replacing old: String? = nil) async throws -> (url: String, order: ACMEOrder) {
        struct Body: Encodable {
            var identifiers: [ACMEIdentifier]
            var replaces: String?
        }
        let directory = try await knownDirectory()
        var body = Body(identifiers: names.map { ACMEIdentifier(type: "dns", value: $0) })
        if directory.renewalInfo != nil { body.replaces = old }
        let answer: ACMEAnswer
        do { answer = try await post(directory.newOrder, try JSONEncoder().encode(body)) } catch {
            // It may know nothing of the old one, or that another took its place already.
            guard body.replaces != nil, (error as? CertificateError)?.code == .authorityRefused else { throw error }
            body.replaces = nil
            answer = try await post(directory.newOrder, try JSONEncoder().encode(body))
        }
        guard let url = answer.fields["location"] else {
            throw CertificateError(.authorityRefused, "The certificate authority made an order and does not say where")
        }
        return (url, try ACMEClient.decode(ACMEOrder.self, answer))
    }

    /// When a certificate is to be renewed (RFC 9773, section 4); nil if the authority does not say.
    func renewalAdvice(for id: String) async throws -> RenewalAdvice? {
        guard let place = try await knownDirectory().renewalInfo else { return nil }
        let answer = try await transport.send("\(place)/\(id)", body: nil, headOnly: false)
        guard answer.status == 200 else { throw ACMEClient.failure(answer) }
        return try ACMEClient.decode(ACMERenewal.self, answer).advice(retryAfter: answer.retryAfter(now: Date()))
    }

    func authorization(_ url: String) async throws -> (ACMEAuthorization, retryAfter: Int?) {
        let answer = try await post(url, nil)
        return (try ACMEClient.decode(ACMEAuthorization.self, answer), answer.retryAfter(now: Date()))
    }

    func order(_ url: String) async throws -> (ACMEOrder, retryAfter: Int?) {
        let answer = try await post(url, nil)
        return (try ACMEClient.decode(ACMEOrder.self, answer), answer.retryAfter(now: Date()))
    }

    /// Says that a challenge can be looked at now (section 7.5.1).
    func respond(to challenge: ACMEChallenge) async throws { _ = try await post(challenge.url, Data("{}".utf8)) }

    /// Hands in the signing request (section 7.4).
    func finalize(_ url: String, request: Data) async throws -> ACMEOrder {
        struct Body: Encodable { var csr: String }
        let body = try JSONEncoder().encode(Body(csr: Base64URL.encode(request)))
        return try ACMEClient.decode(ACMEOrder.self, await post(url, body))
    }

    /// The chain in PEM, the leaf first (section 7.4.2).
    func certificate(_ url: String) async throws -> String {
        String(decoding: try await post(url, nil).body, as: UTF8.self)
    }

    // MARK: The account

    private func knownDirectory() async throws -> ACMEDirectory {
        if let directory { return directory }
        let answer = try await transport.send(directoryURL, body: nil, headOnly: false)
        guard answer.status == 200 else { throw ACMEClient.failure(answer) }
        let read = try ACMEClient.decode(ACMEDirectory.self, answer)
        directory = read
        return read
    }

    /// The account's URL; made at the authority if it does not know the key (section 7.3).
    private func knownAccount() async throws -> String {
        if let account { return account }
        struct Body: Encodable {
            var contact: [String]?
            var termsOfServiceAgreed: Bool
        }
        let directory = try await knownDirectory()
        if directory.meta?.externalAccountRequired == true {
            throw CertificateError(
                .authorityRefused, "The certificate authority wants an account that was made elsewhere; use another one"
            )
        }
        if let terms = directory.meta?.termsOfService, !agreesToTerms {
            throw CertificateError(
                .badSettings,
                "The certificate authority wants you to agree to its terms, \(terms.prefix(200)): read them, and set "
                    + "\"agreesToTerms\" in node.json")
        }
        let body = Body(contact: contact.map { ["mailto:\($0)"] }, termsOfServiceAgreed: agreesToTerms)
        let answer = try await post(directory.newAccount, try JSONEncoder().encode(body), asAccount: false)
        guard let url = answer.fields["location"] else {
            throw CertificateError(
                .authorityRefused, "The certificate authority made an account and does not say where")
        }
        account = url
        return url
    }

    // MARK: Requests

    private func post(_ url: String, _ payload: Data?, asAccount: Bool = true) async throws -> ACMEAnswer {
        var retries = 0
        var hasForgotten = false
        while true {
            let account = asAccount ? try await knownAccount() : nil
            let nonce = try await freshNonce()
            let body = try key.signed(payload, url: url, nonce: nonce, account: account)
            let answer = try await transport.send(url, body: body, headOnly: false)
            keepNonce(of: answer)
            if (200..<300).contains(answer.status) { return answer }
            switch ACMEClient.problem(answer).kind {
            case "badNonce" where retries < ACMELimits.maxNonceRetries:
                // What was kept may be as old as the one that was refused, save the one that just came.
                nonces = Array(nonces.suffix(1))
                retries += 1
            case "accountDoesNotExist" where asAccount && !hasForgotten:
                // An authority that was set up anew knows nobody.
                self.account = nil
                hasForgotten = true
            default: throw ACMEClient.failure(answer)
            }
        }
    }

    private func freshNonce() async throws -> String {
        if let nonce = nonces.popLast() { return nonce }
        let url = try await knownDirectory().newNonce
        let answer = try await transport.send(url, body: nil, headOnly: true)
        guard let nonce = answer.fields["replay-nonce"], !nonce.isEmpty, nonce.utf8.count <= ACMELimits.maxURLBytes
        else { throw CertificateError(.authorityRefused, "The certificate authority gives no nonces") }
        return nonce
    }

    private func keepNonce(of answer: ACMEAnswer) {
        guard let nonce = answer.fields["replay-nonce"], !nonce.isEmpty, nonce.utf8.count <= ACMELimits.maxURLBytes
        else { return }
        nonces.append(nonce)
        if nonces.count > ACMELimits.maxNonces { nonces.removeFirst() }
    }

    // MARK: Answers

    static func problem(_ answer: ACMEAnswer) -> ACMEProblem {
        (try? JSONDecoder().decode(ACMEProblem.self, from: answer.body)) ?? ACMEProblem()
    }

    static func failure(_ answer: ACMEAnswer) -> CertificateError {
        let problem = problem(answer)
        let retryAfter = answer.retryAfter(now: Date())
        let said = problem.text.isEmpty ? "status \(answer.status)" : problem.text
        if problem.kind == "rateLimited" || answer.status == 429 {
            return CertificateError(
                .rateLimited, "The certificate authority allows no more for now: \(said)",
                retryAfterSeconds: retryAfter)
        }
        if answer.status >= 500 {
            return CertificateError(
                .authorityUnreachable, "The certificate authority has a problem of its own: \(said)",
                retryAfterSeconds: retryAfter)
        }
        return CertificateError(
            .authorityRefused, "The certificate authority refused: \(said)", retryAfterSeconds: retryAfter)
    }

    /// - Throws: ``CertificateError`` `.authorityRefused` for what is not as the RFC says.
    static func decode<Value: Decodable>(_ type: Value.Type, _ answer: ACMEAnswer) throws -> Value {
        do { return try JSONDecoder().decode(type, from: answer.body) } catch {
            throw CertificateError(
                .authorityRefused, "The certificate authority's answer cannot be read: \(error)")
        }
    }
}
