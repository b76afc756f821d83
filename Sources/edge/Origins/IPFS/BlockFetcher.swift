import Logging
import Metrics
import NIOCore
import Outbound
import Streams
import Synchronization

/// Gets blocks from trustless gateways, and believes none of them: a block is given out only if it hashes to its CID.
final class BlockFetcher: Sendable {
    /// Bytes of folders' and inner nodes' blocks that are kept.
    static let cacheBytes = 16 << 20

    private struct Cache {
        var blocks: [CID: [UInt8]] = [:]
        var order: [CID] = []
        var byteCount = 0
    }

    private let transport: HTTPTransport
    private let forwarded: ForwardedFields
    private let logger: Logger
    private let cache = Mutex(Cache())

    init(transport: HTTPTransport, forwarded: ForwardedFields, logger: Logger) {
        self.transport = transport
        self.forwarded = forwarded
        self.logger = logger
    }

    /// The block of a CID, from the first gateway that has it and does not lie.
    ///
    /// - Throws: ``OriginError``: `verificationFailed` if some gateway sent another block and none the right one; `notFound`
    ///   if all say that they do not have it; otherwise the last gateway's failure.
    func block(_ cid: CID, gateways: [HTTPURL], _ description: OriginDescription) async throws -> [UInt8] {
        if let inline = cid.inlineBlock { return inline }
        if let known = cache.withLock({ $0.blocks[cid] }) { return known }
        var last: OriginError?
        var liar: String?
        var missing = 0
        for gateway in gateways {
            try Task.checkCancellation()
            do {
                guard let block = try await ask(gateway, cid, description) else {
                    missing += 1
                    continue
                }
                if cid.matches(block) {
                    if cid.codec == .dagPB { remember(cid, block) }
                    return block
                }
                liar = gateway.hostAndPort
                report(gateway, cid)
            } catch {
                let known = OriginError.from(error)
                if known.code == .cancelled { throw known }
                last = known
            }
        }
        if let liar {
            throw OriginError(
                .verificationFailed,
                "\(liar) sent another block than \(cid), and no other gateway has it; name more gateways")
        }
        if missing == gateways.count {
            throw OriginError(.notFound, "no gateway has the block \(cid); check the CID, or name more gateways")
        }
        throw last ?? OriginError(.badDescription, "the origin names no gateway; add one")
    }

    /// What a gateway sends for a CID; nil if it says that it has no such block.
    private func ask(_ gateway: HTTPURL, _ cid: CID, _ description: OriginDescription) async throws -> [UInt8]? {
        var request = OriginRequest(path: "/ipfs/\(cid)", query: "format=raw")
        request.fields.set("accept", "application/vnd.ipld.raw")
        let message = HTTPTransport.Message(
            owner: description.owner, method: "GET", url: HTTPOrigin.url(gateway, request),
            fields: try forwarded.outgoing(request, description),
            host: nil, body: nil, connectTimeout: description.connectTimeout,
            firstByteTimeout: description.firstByteTimeout, idleTimeout: description.idleTimeout)
        let response = try await transport.send(message, ended: { _ in })
        guard response.status == 200 else {
            response.body.stop()
            if response.status == 404 || response.status == 410 { return nil }
            throw OriginError(
                .badResponse, "the gateway \(gateway.hostAndPort) answered with the status \(response.status)")
        }
        do {
            return Array(try await response.body.collect(limit: DAGNode.maxBlockBytes).readableBytesView)
        } catch is ByteStream.TooLarge {
            throw OriginError(
                .tooLarge, "the gateway \(gateway.hostAndPort) sent more than 2 MiB for the block \(cid)")
        }
    }

    private func report(_ gateway: HTTPURL, _ cid: CID) {
        logger.warning(
            "A gateway sent a block that does not hash to its CID",
            metadata: ["gateway": "\(gateway.hostAndPort)", "cid": "\(cid)"])
        Counter(label: "skerry_origin_corrupt_blocks_total").increment()
    }

    private func remember(_ cid: CID, _ block: [UInt8]) {
        cache.withLock { cache in
            guard cache.blocks[cid] == nil else { return }
            cache.blocks[cid] = block
            cache.order.append(cid)
            cache.byteCount += block.count
            var dropped = 0
            while cache.byteCount > Self.cacheBytes, dropped < cache.order.count {
                cache.byteCount -= cache.blocks.removeValue(forKey: cache.order[dropped])?.count ?? 0
                dropped += 1
            }
            cache.order.removeFirst(dropped)
        }
    }
}
