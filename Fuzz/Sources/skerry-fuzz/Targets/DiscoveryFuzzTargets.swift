import Blake3
import Foundation
import Identity
import Logging
import NIOCore
import NIOPosix
import Peering
import SwiftProtobuf
import Wire

@testable import Discovery

/// Provider records and peers' requests about them. A target takes any bytes and says what was believed wrongly; nil if
/// nothing was.
enum DiscoveryFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    static let network = Data(repeating: 7, count: Digest.byteCount)
    private static let domain = Data("skerry 2026-11 provider record\n".utf8)

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() throws -> [String: Target] {
        let node = try Node()
        return ["provider-record": record, "discovery-serve": node.serve]
    }

    /// The key of the peer that asks.
    static func peerKey() throws -> SigningKey {
        try SigningKey(rawRepresentation: Data(repeating: 9, count: PublicKey.byteCount))
    }

    private static func record(_ input: [UInt8]) -> String? {
        guard let message = try? PeerPBProviderRecord(serializedBytes: input),
            let record = try? ProviderRecord(unverified: message, network: network)
        else { return nil }
        guard record.byteCount <= DiscoverySettings.maxRecordBytes else { return "a record is too large" }
        _ = try? RecordLife(lifetime: .seconds(7_200), clockTolerance: .seconds(120))
            .remaining(expiresMillis: record.expiresMillis, wallMillis: record.expiresMillis &- 1)
        return (try? ProviderRecord(unverified: record.message, network: network)) == record
            ? nil : "what was written is read otherwise"
    }

    private final class Node: Sendable {
        private let discovery: Discovery
        private let peer: SigningKey

        init() throws {
            let quiet = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
            let group = MultiThreadedEventLoopGroup.singleton
            let key = SigningKey()
            peer = try DiscoveryFuzzTargets.peerKey()
            let peers = try PeerNetwork(
                key: key, network: DiscoveryFuzzTargets.network, directory: Nobody(), handler: Silence(),
                ledgerSequence: { 1 }, group: group, logger: quiet)
            discovery = Discovery(
                key: key, network: DiscoveryFuzzTargets.network, peers: peers,
                view: View(keys: [key.publicKey, peer.publicKey]), group: group, logger: quiet)
        }

        /// The first byte chooses: a search, or records to keep; of these, whether the token and the signatures are made
        /// right.
        @Sendable func serve(_ input: [UInt8]) -> String? {
            guard let mode = input.first else { return nil }
            var body = Array(input.dropFirst())
            if mode & 1 == 0 { return ask(.findProviders, body) == nil ? nil : problem() }
            if mode & 2 == 2 {
                guard let mended = mend(body, signs: mode & 4 == 4) else { return nil }
                body = mended
            }
            guard let reply = ask(.storeRecords, body) else { return nil }
            guard let result = try? PeerPBStoreResult(serializedBytes: Array(reply.readableBytesView)),
                let request = try? PeerPBStoreRecords(serializedBytes: body),
                result.refusals.count == request.records.count
            else { return "not every record has an answer" }
            return problem()
        }

        private func problem() -> String? {
            let statistics = discovery.statistics
            guard statistics.recordBytes <= statistics.records * DiscoverySettings.maxRecordBytes else {
                return "\(statistics.records) records have \(statistics.recordBytes) bytes"
            }
            return nil
        }

        private func ask(_ type: FrameType, _ body: [UInt8]) -> ByteBuffer? {
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let request = PeerRequest(peer: peer.publicKey.node, type: type, body: ByteBuffer(bytes: body))
            let answer = loop.flatSubmit {
                self.discovery.serve(request, on: loop)
                    ?? loop.makeFailedFuture(PeerError(.unsupported, "Only discovery is served here"))
            }
            return (try? answer.wait())?.body
        }

        private func mend(_ body: [UInt8], signs: Bool) -> [UInt8]? {
            guard var message = try? PeerPBStoreRecords(serializedBytes: body),
                let find = try? PeerPBFindProviders.with({
                    $0.key = Data(count: Digest.byteCount)
                    $0.wantToken = true
                }).serializedBytes() as [UInt8],
                let reply = ask(.findProviders, find),
                let providers = try? PeerPBProviders(serializedBytes: Array(reply.readableBytesView))
            else { return nil }
            message.token = providers.token
            if signs {
                for index in message.records.indices {
                    let signed = DiscoveryFuzzTargets.domain + message.records[index].body
                    guard let signature = try? peer.sign(signed) else { return nil }
                    message.records[index].signature = signature
                }
            }
            return try? message.serializedBytes()
        }
    }

    private struct View: DiscoveryView {
        let keys: [PublicKey]

        var nodes: [DiscoveryNode] {
            keys.map { DiscoveryNode(id: $0.node, publicKey: $0, operatorID: $0.account, addressGroup: "10.1") }
        }
        var version: UInt64 { 1 }
        func isUsable(_ node: NodeID) -> Bool { true }
        func estimatedRoundTrip(to node: NodeID) -> Duration? { nil }
    }

    private struct Nobody: PeerDirectory {
        func isParticipating(_ key: PublicKey) -> Bool { false }
        func publicKey(of node: NodeID) -> PublicKey? { nil }
        func endpoint(of node: NodeID) -> PeerEndpoint? { nil }
        var nodes: [NodeID] { [] }
    }

    private struct Silence: PeerRequestHandler {
        func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
            eventLoop.makeFailedFuture(PeerError(.unsupported, "Nothing is served here"))
        }
    }
}
