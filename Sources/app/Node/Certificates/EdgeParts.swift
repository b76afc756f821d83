import Certificates
import Foundation
import NIOCore

/// What a node needs for visitors' TLS and custom domains.
struct EdgeParts: Sendable {
    var tls: TLSOptions?
    var domains: DomainOptions
    /// For certificates.
    var certificateFolder: String
    /// For what is known of domains.
    var domainFile: String
    var renewal = RenewalPlan.Settings()

    /// - Parameter quick: For somebody who waits for the answer.
    func resolver(quick: Bool, _ group: any EventLoopGroup) -> DNSResolver {
        var settings = DNSResolver.Settings()
        settings.servers = domains.servers(ProcessInfo.processInfo.environment)
        if quick {
            // Two questions, each twice: within what a node waits for the sequencer.
            settings.servers = Array(settings.servers.prefix(2))
            settings.timeout = .milliseconds(900)
            settings.rounds = settings.servers.count == 2 ? 1 : 2
        }
        return DNSResolver(settings: settings, group: group)
    }
}
