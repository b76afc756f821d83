import Certificates
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import NIOCore
import Synchronization

/// Looks at the DNS for the proof of each bound domain, and has the gateway serve those whose proof it has seen.
///
/// The ledger says which domain is bound to which app; this node believes it only as far as the DNS agrees.
actor DomainWatch {
    /// How often it is looked at what is due.
    private static let interval = Duration.seconds(1)
    /// Looks at the same time.
    private static let width = 8
    /// Entries in one round.
    private static let roundLimit = 256

    private let keeper: LedgerKeeper
    private let resolver: DNSResolver
    nonisolated let zone: String?
    private let routes: RouteTable
    private let file: String
    private let logger: Logger
    private var table = DomainTable()
    private nonisolated let published = Mutex<[String: String]>([:])
    private nonisolated let listener = Mutex<(@Sendable () -> Void)?>(nil)

    /// - Parameter file: Remembers what was seen, so that a restart while the DNS is away takes no site down.
    init(
        keeper: LedgerKeeper, resolver: DNSResolver, zone: String?, routes: RouteTable, file: String, logger: Logger
    ) {
        self.keeper = keeper
        self.resolver = resolver
        self.zone = zone
        self.routes = routes
        self.file = file
        self.logger = logger
        if let bytes = FileManager.default.contents(atPath: file) {
            do {
                table.restore(try JSONDecoder().decode([DomainTable.Entry].self, from: bytes), now: Date())
            } catch {
                logger.warning(
                    "the list of domains cannot be read", metadata: ["file": "\(file)", "error": "\(error)"])
            }
        }
    }

    /// The served domains with their apps.
    nonisolated var served: [String: String] { published.withLock { $0 } }

    /// Hears when other domains are served than before; must not block.
    nonisolated func onChange(_ body: @escaping @Sendable () -> Void) { listener.withLock { $0 = body } }

    func entry(_ domain: String) -> DomainTable.Entry? { table.entries[domain] }

    /// Works until cancelled.
    func run() async {
        var sequence: UInt64?
        while !Task.isCancelled {
            if keeper.state.sequence != sequence {
                sequence = keeper.state.sequence
                readLedger()
            }
            await look()
            try? await Task.sleep(for: DomainWatch.interval)
        }
    }

    private func readLedger() {
        let state = keeper.state
        let bindings = state.domains.lazy.compactMap { record -> DomainTable.Binding? in
            guard let owner = state.name(record.name)?.owner else { return nil }
            return DomainTable.Binding(
                domain: record.domain.description, app: record.name.description, owner: owner.description)
        }
        table.bind(bindings, now: Date())
        publish()
    }

    private func look() async {
        let due = table.due(now: Date()).prefix(DomainWatch.roundLimit)
        guard !due.isEmpty else { return }
        await withTaskGroup(of: Void.self) { group in
            for (index, binding) in due.enumerated() {
                if index >= DomainWatch.width { await group.next() }
                group.addTask { await self.look(at: binding) }
            }
        }
        publish()
        remember()
    }

    private func look(at binding: DomainTable.Binding) async {
        guard let domain = DomainName(binding.domain), let app = AppName(binding.app),
            let proof = DomainGuard.proof(of: domain, for: app, zone: zone, keeper.state)
        else { return }
        switch await resolver.check(proof) {
        case .proved:
            if table.entries[binding.domain]?.provedAt == nil {
                logger.info("a domain is served", metadata: ["domain": "\(domain)", "app": "\(app)"])
            }
            table.proved(binding, now: Date())
        case .absent(let problem): table.missed(binding, problem, isCertain: true, now: Date())
        case .unknown(let problem): table.missed(binding, problem, isCertain: false, now: Date())
        }
    }

    private func publish() {
        let served = table.served
        let isNew = published.withLock { published in
            defer { published = served }
            return published != served
        }
        guard isNew else { return }
        routes.replaceDomains(served)
        listener.withLock { $0 }?()
    }

    private func remember() {
        do { try table.entries.values.sorted { $0.binding.domain < $1.binding.domain }.writeJSON(to: file) } catch {
            logger.error("the list of domains cannot be kept", metadata: ["file": "\(file)", "error": "\(error)"])
        }
    }
}
