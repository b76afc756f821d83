/// A certificate authority that speaks ACME (RFC 8555), with HTTP-01 and TLS-ALPN-01 (RFC 8737).
public struct CertificateAuthority: CertificateIssuing {
    /// How a name is shown to be ours.
    public enum Challenge: String, Sendable, CaseIterable, Codable {
        case http = "http-01"
        case tls = "tls-alpn-01"
    }

    private let client: ACMEClient
    private let key: ACMEAccountKey
    private let challenges: [Challenge]
    private let publisher: any ChallengePublisher

    /// - Parameters:
    ///   - directory: The URL of the authority's directory.
    ///   - contact: An e-mail address.
    ///   - challenges: Which may be used, best first.
    public init(
        directory: String, key: ACMEAccountKey, contact: String?, agreesToTerms: Bool,
        challenges: [Challenge] = Challenge.allCases, transport: any ACMETransport, publisher: any ChallengePublisher
    ) {
        client = ACMEClient(
            directory: directory, key: key, contact: contact, agreesToTerms: agreesToTerms, transport: transport)
        self.key = key
        self.challenges = challenges
        self.publisher = publisher
    }

    public func renewalAdvice(for material: CertificateMaterial) async throws -> RenewalAdvice? {
        guard let id = try material.chain().renewalID else { return nil }
        return try await client.renewalAdvice(for: id)
    }

    public func issue(
        _ domain: String, attempt: Int, replacing old: CertificateMaterial? = nil
    ) async throws -> CertificateMaterial {
        let deadline = ContinuousClock.now + .seconds(ACMELimits.orderSeconds)
        let oldID = try old?.chain().renewalID
        var (url, order) = try await client.newOrder([domain], replacing: oldID)
        guard (1...ACMELimits.maxAuthorizations).contains(order.authorizations.count) else {
            throw CertificateError(
                .authorityRefused, "The certificate authority asks for no authorization, or too many")
        }
        if order.status == "pending" {
            for authorization in order.authorizations {
                try await authorize(authorization, domain, attempt, deadline)
            }
        }
        let request = try SigningRequest(for: [domain])
        order = try await poll(url, deadline) { $0.status == "pending" }
        if order.status == "ready" { order = try await client.finalize(order.finalize, request: request.bytes) }
        if order.status == "processing" || order.status == "ready" {
            order = try await poll(url, deadline) { $0.status == "processing" || $0.status == "ready" }
        }
        guard order.status == "valid", let place = order.certificate else {
            let said = order.error?.text ?? "the order is \(order.status.prefix(20))"
            throw CertificateError(
                .authorityRefused, "The certificate authority issued no certificate for \(domain): \(said)")
        }
        let chain = try await client.certificate(place)
        let material = try CertificateMaterial(chainPEM: chain, keyPEM: request.keyPEM)
        guard material.covers(domain) else {
            throw CertificateError(
                .badCertificate, "The certificate authority issued a certificate that is not for \(domain)")
        }
        return material
    }

    private func authorize(
        _ url: String, _ domain: String, _ attempt: Int, _ deadline: ContinuousClock.Instant
    ) async throws {
        let (authorization, _) = try await client.authorization(url)
        if authorization.status == "valid" { return }
        guard authorization.identifier.value.lowercased() == domain else {
            throw CertificateError(
                .authorityRefused, "The certificate authority asks about another name than \(domain)")
        }
        let offered = authorization.challenges.prefix(ACMELimits.maxChallenges)
        let order = challenges.indices.map { challenges[($0 + attempt) % challenges.count] }
        let chosen = order.lazy.compactMap { kind in
            offered.first { $0.type == kind.rawValue && Base64URL.isToken($0.token ?? "") }
        }.first
        guard let chosen, let token = chosen.token else {
            throw CertificateError(
                .authorityRefused,
                "The certificate authority offers no challenge that this node can answer for \(domain): "
                    + offered.map { String($0.type.prefix(30)) }.joined(separator: ", "))
        }
        let answer = ChallengeAnswer(
            domain: domain, token: token, keyAuthorization: key.keyAuthorization(token))
        await publisher.publish(answer)
        do {
            try await client.respond(to: chosen)
            try await settle(url, chosen, domain, deadline)
        } catch {
            await publisher.withdraw(answer)
            throw error
        }
        await publisher.withdraw(answer)
    }

    /// Waits until the authority has looked.
    private func settle(
        _ url: String, _ challenge: ACMEChallenge, _ domain: String, _ deadline: ContinuousClock.Instant
    ) async throws {
        var round = 0
        while true {
            let (authorization, retryAfter) = try await client.authorization(url)
            switch authorization.status {
            case "valid": return
            case "pending": try await CertificateAuthority.pause(retryAfter, round, deadline, domain)
            default:
                let failed = authorization.challenges.first { $0.url == challenge.url }
                let said = failed?.error?.text ?? "the authorization is \(authorization.status.prefix(20))"
                throw CertificateError(
                    .challengeFailed,
                    "The certificate authority could not check \(domain) by \(challenge.type): \(said). Does the domain "
                        + "lead to this network's gateways, on ports 80 and 443?")
            }
            round += 1
        }
    }

    private func poll(
        _ url: String, _ deadline: ContinuousClock.Instant, while waits: (ACMEOrder) -> Bool
    ) async throws -> ACMEOrder {
        var round = 0
        while true {
            let (order, retryAfter) = try await client.order(url)
            guard waits(order) else { return order }
            try await CertificateAuthority.pause(retryAfter, round, deadline, "an order")
            round += 1
        }
    }

    /// Waits as long as the authority says; if it says nothing, longer each time.
    private static func pause(
        _ retryAfter: Int?, _ round: Int, _ deadline: ContinuousClock.Instant, _ what: String
    ) async throws {
        let bounds = ACMELimits.pollSeconds
        let asked = retryAfter.map { Duration.seconds(min(max($0, bounds.lowerBound), bounds.upperBound)) }
        let pause = asked ?? min(ACMELimits.firstPoll * (1 << min(round, 10)), .seconds(bounds.upperBound))
        guard ContinuousClock.now + pause < deadline else {
            throw CertificateError(
                .authorityUnreachable,
                "The certificate authority did not finish with \(what) within \(ACMELimits.orderSeconds) s")
        }
        try await Task.sleep(for: pause)
    }
}
