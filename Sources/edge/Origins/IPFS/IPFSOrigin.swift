import Manifests
import NIOCore
import Outbound
import Streams

/// A file or folder of IPFS as an origin: every byte is verified before it is given out.
///
/// Files of raw and dag-pb blocks, and plain folders. Sharded folders (HAMT) and symbolic links are refused with the code
/// `unsupported`.
struct IPFSOrigin: Origin {
    /// Blocks that are fetched at a time for one request; 16 MiB at most.
    static let readAhead = 8
    /// Most gateways of an origin.
    static let maxGateways = 8

    private let root: CID
    private let start: [String]
    private let gateways: [HTTPURL]
    private let description: OriginDescription
    private let blocks: BlockFetcher

    /// - Throws: ``OriginError`` with the code `badDescription`.
    init(_ location: IPFSLocation, _ description: OriginDescription, blocks: BlockFetcher) throws {
        do {
            root = try CID(location.cid)
        } catch {
            throw OriginError(.badDescription, "\(location.cid.prefix(80)) is no CID: \(error.description)")
        }
        guard (1...Self.maxGateways).contains(location.gateways.count) else {
            throw OriginError(.badDescription, "an IPFS origin names 1 to \(Self.maxGateways) gateways")
        }
        gateways = try location.gateways.map { try HTTPOrigin.parse($0) }
        start = location.path.split(separator: "/").map(String.init)
        self.description = description
        self.blocks = blocks
    }

    func fetch(_ request: OriginRequest, ended: @escaping @Sendable (OriginError?) -> Void) async throws
        -> OriginResponse
    {
        guard ["GET", "HEAD"].contains(request.method), request.body == nil else {
            defer { ended(nil) }
            return SyntheticResponse.methodNotAllowed(request.method)
        }
        let path = try ContentPath(request.path)
        switch try await find(start + path.segments, isFolder: path.isFolder) {
        case .folderWithoutSlash:
            defer { ended(nil) }
            return SyntheticResponse.folder(path.segments.last ?? "", method: request.method)
        case .file(let cid, let count, let name):
            return answer(request, cid, count, name ?? path.segments.last ?? "", ended)
        }
    }

    private enum Found {
        case file(CID, byteCount: Int64, name: String?)
        case folderWithoutSlash
    }

    /// Goes down from the root by names.
    private func find(_ segments: [String], isFolder: Bool) async throws -> Found {
        var cid = root
        for segment in segments { cid = try child(segment, of: try await node(cid), cid) }
        guard cid.codec == .dagPB else { return .file(cid, byteCount: try await rawCount(cid), name: nil) }
        let node = try await node(cid)
        switch node.header.kind {
        case .directory:
            if !isFolder, !segments.isEmpty, segments.count > start.count { return .folderWithoutSlash }
            let index = try child(ContentPath.index, of: node, cid)
            if index.codec == .raw {
                return .file(index, byteCount: try await rawCount(index), name: ContentPath.index)
            }
            return .file(index, byteCount: try await size(index, try await self.node(index)), name: ContentPath.index)
        default: return .file(cid, byteCount: try await size(cid, node), name: nil)
        }
    }

    private func size(_ cid: CID, _ node: UnixFSNode) async throws -> Int64 {
        switch node.header.kind {
        case .file, .raw:
            do { return try node.fileSize() } catch { throw Self.malformed(cid, error) }
        case .directory: throw OriginError(.notFound, "\(cid) is a folder where a file should be")
        case .shardedDirectory: throw Self.sharded(cid)
        case .symlink, .metadata:
            throw OriginError(.unsupported, "\(cid) is a symbolic link or metadata; publish the file itself")
        }
    }

    private func rawCount(_ cid: CID) async throws -> Int64 {
        Int64(try await blocks.block(cid, gateways: gateways, description).count)
    }

    private func child(_ name: String, of node: UnixFSNode, _ cid: CID) throws -> CID {
        switch node.header.kind {
        case .directory: break
        case .shardedDirectory: throw Self.sharded(cid)
        default: throw OriginError(.notFound, "\(cid) is no folder, so it has no \(name.prefix(100))")
        }
        guard let link = node.links.first(where: { $0.name == name }) else {
            throw OriginError(.notFound, "the folder \(cid) has no \(name.prefix(100))")
        }
        return link.cid
    }

    private func node(_ cid: CID) async throws -> UnixFSNode {
        guard cid.codec == .dagPB else { throw OriginError(.notFound, "\(cid) is a file, not a folder") }
        let block = try await blocks.block(cid, gateways: gateways, description)
        do { return try UnixFSNode(block) } catch { throw Self.malformed(cid, error) }
    }

    private func answer(
        _ request: OriginRequest, _ cid: CID, _ count: Int64, _ name: String,
        _ ended: @escaping @Sendable (OriginError?) -> Void
    ) -> OriginResponse {
        let selection = SyntheticResponse.select(request, count: count, tag: "\"\(cid)\"", modified: nil)
        var fields = selection.fields
        fields.set("content-type", MediaType.of(path: name))
        // What a CID names never changes.
        fields.set("cache-control", "public, max-age=31536000, immutable")
        guard let bytes = selection.bytes, request.method == "GET", !bytes.isEmpty else {
            defer { ended(nil) }
            let length = selection.bytes.map { Int64($0.count) }
            return OriginResponse(status: selection.status, fields: fields, body: Pump.empty(), length: length ?? 0)
        }
        let body = Pump.start(ended: ended) { stream in
            try await copy(UnixFSWalk(cid, byteCount: count, range: bytes), to: stream)
        }
        return OriginResponse(status: selection.status, fields: fields, body: body, length: Int64(bytes.count))
    }

    /// Fetches the blocks of a walk, some at a time, and writes their bytes in order.
    private func copy(_ start: UnixFSWalk, to stream: ByteStream) async throws {
        try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
            var walk = start
            var running: Set<Int> = []
            var arrived: [Int: [UInt8]] = [:]
            while let need = walk.need {
                for next in walk.upcoming(Self.readAhead)
                where !running.contains(next.id) && arrived[next.id] == nil
                    && running.count + arrived.count < Self.readAhead
                {
                    running.insert(next.id)
                    group.addTask { [self] in
                        (next.id, try await blocks.block(next.cid, gateways: gateways, description))
                    }
                }
                while arrived[need.id] == nil, let (id, block) = try await group.next() {
                    running.remove(id)
                    arrived[id] = block
                }
                guard let block = arrived.removeValue(forKey: need.id) else { throw CancellationError() }
                let bytes: ArraySlice<UInt8>
                do throws(DAGNode.Malformed) { bytes = try walk.take(block) } catch {
                    throw Self.malformed(need.cid, error)
                }
                if !bytes.isEmpty { try await stream.write(ByteBuffer(bytes: bytes)) }
            }
            group.cancelAll()
        }
    }

    private static func malformed(_ cid: CID, _ error: DAGNode.Malformed) -> OriginError {
        OriginError(.badResponse, "the block \(cid) cannot be read: \(error.description); publish the content again")
    }

    private static func sharded(_ cid: CID) -> OriginError {
        OriginError(
            .unsupported, "the folder \(cid) is sharded (HAMT), which is not read; split it into smaller folders")
    }
}
