import ArgumentParser
import Blake3
import Certificates
import Client
import Foundation
import Identity
import Ledger
import NIOCore
import NIOPosix
import Node

/// How a command looks at the DNS.
struct ResolverOption: ParsableArguments {
    /// How often the DNS is asked while a command waits.
    private static let pause = Duration.seconds(3)

    @Option(
        help: ArgumentHelp(
            "The resolver to ask, as address:port. Default: $SKERRY_DNS, else that of the system.",
            valueName: "address"))
    var resolver: String?

    private func client() -> DNSResolver {
        var settings = DNSResolver.Settings()
        settings.servers = DomainOptions(resolvers: resolver.map { [$0] })
            .servers(ProcessInfo.processInfo.environment)
        return DNSResolver(settings: settings, group: MultiThreadedEventLoopGroup.singleton)
    }

    /// What the owner of an app has to show. The text is computed here: no node is asked for it.
    func proof(
        _ domain: DomainName, _ name: AppName, owner: AccountID, zone: String?, _ ledger: LedgerClient
    ) async throws -> DomainProof {
        let network: NetworkID
        if let known = ledger.network { network = known } else { network = try await ledger.genesis().networkID }
        return DomainProof(
            domain: domain.description, app: name.description, account: owner, network: network.digest.bytes, zone: zone
        )
    }

    /// Looks at the DNS for a proof.
    func check(_ proof: DomainProof) async -> DomainProof.Verdict { await client().check(proof) }

    /// Looks until the proof is there.
    ///
    /// - Throws: ``CommandError`` with what to set, if it is not there in time.
    func awaitProof(_ proof: DomainProof, seconds: Double, isQuiet: Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var isTold = isQuiet
        while true {
            let problem: String
            switch await check(proof) {
            case .proved: return
            case .absent(let found): problem = found
            case .unknown(let reason): problem = reason
            }
            guard ContinuousClock.now + ResolverOption.pause < deadline else {
                throw CommandError(
                    "The DNS does not show yet that \(proof.domain) is yours: \(problem).\n"
                        + ResolverOption.instructions(proof)
                        + "\nThen repeat the command; it may take some minutes until "
                        + "the DNS has it everywhere")
            }
            if !isTold {
                Terminal.print(ResolverOption.instructions(proof))
                Terminal.print("Waiting for it…")
                isTold = true
            }
            try await Task.sleep(for: ResolverOption.pause)
        }
    }

    /// What to set, exactly.
    static func instructions(_ proof: DomainProof) -> String {
        var lines = ["Set this record at the domain's DNS provider:"]
        lines.append("  \(proof.recordName)  TXT  \"\(proof.text)\"")
        if let target = proof.target {
            lines.append("or, which also leads visitors here:")
            lines.append("  \(proof.domain)  CNAME  \(target)")
        }
        return lines.joined(separator: "\n")
    }
}
