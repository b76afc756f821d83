@testable import Origins

/// Blocks of a file tree that a test builds.
struct FileTree: Sendable {
    private(set) var blocks: [CID: [UInt8]] = [:]

    mutating func add(_ block: [UInt8], _ codec: CID.Codec) -> CID {
        let cid = CID(hashing: block, codec: codec)
        blocks[cid] = block
        return cid
    }

    /// A file in leaves of so many bytes, and nodes of so many links; leaves are raw blocks or nodes themselves.
    mutating func addFile(_ bytes: [UInt8], leafBytes: Int, links: Int, rawLeaves: Bool = true) -> CID {
        var level: [(cid: CID, count: UInt64)] = stride(from: 0, to: max(1, bytes.count), by: leafBytes).map { start in
            let part = Array(bytes[start..<min(bytes.count, start + leafBytes)])
            if rawLeaves { return (add(part, .raw), UInt64(part.count)) }
            let header = UnixFSNode.Header(kind: .file, data: part, fileSize: UInt64(part.count))
            return (add(DAGNode(data: header.encode()).encode(), .dagPB), UInt64(part.count))
        }
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: links).map { start in
                let children = level[start..<min(level.count, start + links)]
                let sizes = children.map(\.count)
                let total = sizes.reduce(0, +)
                let header = UnixFSNode.Header(kind: .file, fileSize: total, blockSizes: sizes)
                let node = DAGNode(links: children.map { .init(cid: $0.cid, name: "") }, data: header.encode())
                return (add(node.encode(), .dagPB), total)
            }
        }
        return level[0].cid
    }

    mutating func addFolder(_ entries: [(name: String, cid: CID)], kind: UnixFSNode.Kind = .directory) -> CID {
        let links = entries.map { DAGNode.Link(cid: $0.cid, name: $0.name) }
        return add(DAGNode(links: links, data: UnixFSNode.Header(kind: kind).encode()).encode(), .dagPB)
    }

    /// Bytes that are the same in each run and nowhere repeat at once.
    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var generator = SeededGenerator(state: seed)
        return [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
            while filled < count {
                bytes[filled] = UInt8(truncatingIfNeeded: generator.next() >> 24)
                filled += 1
            }
        }
    }
}
