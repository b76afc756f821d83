public import Foundation
public import Logging
import Synchronization

/// Sees to it that the domains of the apps that this node serves have certificates: from the node's folder, from other
/// nodes, or from a certificate authority, when it is this node's turn.
public actor CertificateKeeper {
    /// How a domain's certificate is, for people.
    public struct Status: Sendable, Equatable {
        public let domain: String
        /// When the certificate ends; nil for none.
        public let notAfter: Date?
        /// What went wrong with the last order, and when it is tried again.
        public let problem: String?
        public let nextAttempt: Date?
    }

    /// How often it is looked at what has to be done. Changes and visitors without a certificate make it look at once.
    static let interval = Duration.seconds(30)
    /// How long a name that a visitor asked for does not make it look again.
    private static let missPause = Duration.seconds(2)

    private let vault: CertificateVault
    private let book: CertificateBook
    private let fleet: any CertificateFleet
    private let issuer: (any CertificateIssuing)?
    private let now: @Sendable () -> Date
    private let logger: Logger
    private var plan: RenewalPlan
    private nonisolated let nudges: AsyncStream<Void>
    private nonisolated let nudger: AsyncStream<Void>.Continuation
    private nonisolated let lastMiss = Mutex<ContinuousClock.Instant?>(nil)

    /// Reads what is in the folder, and serves it at once.
    ///
    /// - Parameters:
    ///   - issuer: Nil if this node orders no certificates itself; it still takes those of others.
    public init(
        vault: CertificateVault, book: CertificateBook, fleet: any CertificateFleet,
        issuer: (any CertificateIssuing)?, settings: RenewalPlan.Settings = .init(), logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.vault = vault
        self.book = book
        self.fleet = fleet
        self.issuer = issuer
        self.now = now
        self.logger = logger
        (nudges, nudger) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        var plan = RenewalPlan(settings: settings)
        for domain in vault.domains() {
            do {
                guard let material = try vault.certificate(for: domain) else { continue }
                try book.put(material, for: domain)
                plan.hold(domain, material.notBefore..<max(material.notBefore, material.notAfter))
            } catch {
                logger.error("a certificate cannot be read", metadata: ["domain": "\(domain)", "error": "\(error)"])
            }
        }
        self.plan = plan
    }

    /// Has it look soon: other domains are served than before. Cheap and never blocks; many calls are one.
    public nonisolated func nudge() { nudger.yield() }

    /// Has it look soon, unless it just did: a visitor came for a served domain that has no certificate.
    public nonisolated func miss() {
        let now = ContinuousClock.now
        let isNew = lastMiss.withLock { last in
            if let last, now - last < CertificateKeeper.missPause { return false }
            last = now
            return true
        }
        if isNew { nudger.yield() }
    }

    /// Works until cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    self.nudger.yield()
                    try? await Task.sleep(for: CertificateKeeper.interval)
                }
                self.nudger.finish()
            }
            for await _ in nudges {
                if Task.isCancelled { break }
                await gather()
                await askAdvice()
                for domain in begin() { group.addTask { await self.order(domain) } }
            }
            group.cancelAll()
        }
    }

    /// One round, to its end: what ``run()`` does again and again.
    public func round() async {
        await gather()
        await askAdvice()
        await withDiscardingTaskGroup { group in
            for domain in begin() { group.addTask { await self.order(domain) } }
        }
    }

    /// Takes a certificate that another node gives. Durable on return.
    ///
    /// - Returns: Whether it is better than what was here.
    /// - Throws: ``CertificateError`` if it is not for a domain that this node serves.
    @discardableResult
    public func take(_ material: CertificateMaterial, for domain: String) throws -> Bool {
        guard fleet.domains().contains(domain), material.covers(domain) else {
            throw CertificateError(.badCertificate, "A certificate is not for a domain that this node serves")
        }
        if let held = book.material(for: domain), held.notAfter >= material.notAfter { return false }
        // The book first: what TLS refuses must not get to the disk.
        try book.put(material, for: domain)
        try vault.keep(material, for: domain)
        plan.hold(domain, material.notBefore..<max(material.notBefore, material.notAfter))
        return true
    }

    /// What is here for a domain that this node serves.
    public func material(for domain: String) -> CertificateMaterial? {
        fleet.domains().contains(domain) ? book.material(for: domain) : nil
    }

    /// How the domains are, in their order.
    public func statuses() -> [Status] {
        fleet.domains().sorted().map { domain in
            let entry = plan.entry(domain)
            return Status(
                domain: domain, notAfter: book.material(for: domain)?.notAfter, problem: entry?.problem,
                nextAttempt: entry?.pausedUntil)
        }
    }

    // MARK: Rounds

    /// Forgets what is nobody's any more, and asks other nodes for what is missing or old.
    private func gather() async {
        let domains = fleet.domains()
        let now = now()
        plan.want(domains, now: now)
        for domain in book.domains where !domains.contains(domain) {
            // The file stays, since a proof may only be out of sight for a moment; see `forget`.
            book.remove(domain)
        }
        for domain in domains where book.material(for: domain) == nil {
            if let kept = try? vault.certificate(for: domain) { try? restore(kept, domain) }
        }
        for domain in domains.sorted() where plan.isDue(domain, now: now) {
            if let material = await fleet.fetch(domain) {
                do { try take(material, for: domain) } catch {
                    logger.debug(
                        "another node's certificate is no good",
                        metadata: ["domain": "\(domain)", "error": "\(error)"])
                }
            }
        }
    }

    private func restore(_ material: CertificateMaterial, _ domain: String) throws {
        try book.put(material, for: domain)
        plan.hold(domain, material.notBefore..<max(material.notBefore, material.notAfter))
    }

    /// Removes certificates of domains that the ledger binds to nothing any more.
    public func forget(except bound: Set<String>) {
        for domain in vault.domains() where !bound.contains(domain) {
            vault.forget(domain)
            book.remove(domain)
        }
    }

    /// Questions to the authority in one round.
    private static let adviceLimit = 8

    /// Asks the authority when certificates are to be renewed that it is this node's turn to renew.
    private func askAdvice() async {
        guard let issuer else { return }
        let due = plan.unadvised(now: now(), limit: CertificateKeeper.adviceLimit) { fleet.leads($0) }
        for domain in due {
            guard let material = book.material(for: domain) else { continue }
            var advice: RenewalAdvice?
            do { advice = try await issuer.renewalAdvice(for: material) } catch {
                logger.debug(
                    "the authority does not say when to renew", metadata: ["domain": "\(domain)", "error": "\(error)"])
            }
            let before = plan.renewal(of: domain)
            plan.advise(domain, advice, now: now(), chance: Double.random(in: 0...1))
            if let renewal = plan.renewal(of: domain), renewal != before, let advice {
                logger.info(
                    "the authority says when to renew",
                    metadata: [
                        "domain": "\(domain)", "time": "\(renewal)", "explanation": "\(advice.explanation ?? "none")",
                    ])
            }
        }
    }

    private func begin() -> [String] {
        guard issuer != nil else { return [] }
        return plan.begin(now: now()) { fleet.leads($0) }
    }

    private func order(_ domain: String) async {
        guard let issuer else { return plan.abandon(domain) }
        let attempt = plan.entry(domain)?.failures ?? 0
        do {
            let material = try await issuer.issue(
                domain, attempt: attempt, replacing: book.material(for: domain))
            // An authority with a slow clock may give what ends before what is here: the newer one counts.
            try book.put(material, for: domain)
            try vault.keep(material, for: domain)
            plan.hold(domain, material.notBefore..<max(material.notBefore, material.notAfter))
            logger.notice(
                "a certificate was issued", metadata: ["domain": "\(domain)", "ends": "\(material.notAfter)"])
            await fleet.share(material, for: domain)
        } catch is CancellationError {
            plan.abandon(domain)
        } catch {
            note(error, domain)
        }
    }

    private func note(_ error: any Error, _ domain: String) {
        let failure = error as? CertificateError
        let until = plan.failed(
            domain, failure?.message ?? "\(error)", retryAfter: failure?.retryAfterSeconds,
            isLimited: failure?.code == .rateLimited, now: now(), chance: Double.random(in: 0...1))
        let kept: String
        switch book.material(for: domain)?.notAfter {
        case let end? where end <= now(): kept = "the old one, which ended \(end)"
        case let end?: kept = "the old one, until \(end)"
        case nil: kept = "none"
        }
        logger.error(
            "no certificate was issued",
            metadata: [
                "domain": "\(domain)", "error": "\(error)", "served meanwhile": "\(kept)", "next attempt": "\(until)",
            ])
    }
}
