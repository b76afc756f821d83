@testable import Origins

/// Decoders of the origins' room. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum OriginsFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        ["cid": cid, "dag-node": node, "unixfs-walk": walk, "origin-head": head]
    }

    /// Small valid inputs for each target.
    static func seeds() -> [String: [String: [UInt8]]] {
        let leaf = CID(hashing: [1, 2, 3], codec: .raw)
        let header = UnixFSNode.Header(kind: .file, data: [9], fileSize: 4, blockSizes: [3])
        let block = DAGNode(links: [.init(cid: leaf, name: "a")], data: header.encode()).encode()
        let inline = DAGNode(data: UnixFSNode.Header(kind: .file, data: [1, 2, 3], fileSize: 3).encode()).encode()
        return [
            "cid": [
                "v0": Array("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn".utf8), "v1": Array("\(leaf)".utf8),
                "bytes": leaf.bytes,
            ],
            "dag-node": ["file": block, "inline": inline],
            "unixfs-walk": [
                "leaf": [0, 3, 3, UInt8(inline.count)] + inline,
                "tree": [1, 3, 4, UInt8(block.count)] + block + [3, 1, 2, 3],
            ],
            "origin-head": [
                "range": Array("bytes=0-499".utf8), "path": Array("/a/b%20c/".utf8),
                "code": Array("<Error><Code>NoSuchKey</Code></Error>".utf8), "via": Array("1.1 a, 2 skerry".utf8),
            ],
        ]
    }

    /// CIDs as text and as bytes: what is written is read as the same.
    private static func cid(_ input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        for cid in [try? CID(text), try? CID(bytes: input)].compactMap({ $0 }) {
            guard (try? CID("\(cid)")) == cid else { return "\(cid) is not read as itself" }
            guard (try? CID(bytes: cid.bytes)) == cid else { return "\(cid) is not read as itself from its bytes" }
        }
        return nil
    }

    /// Blocks with links: what is read is read again from its encoding.
    private static func node(_ input: [UInt8]) -> String? {
        guard let node = try? DAGNode(input) else { return nil }
        guard (try? DAGNode(node.encode())) == node else {
            return "a node of \(node.links.count) links is not read again"
        }
        guard let file = try? UnixFSNode(input) else { return nil }
        guard let size = try? file.fileSize(), let parts = try? file.parts() else { return nil }
        let sum = parts.reduce(Int64(file.header.data.count)) { $0 + $1.byteCount }
        return sum == size ? nil : "parts of \(sum) bytes in a file of \(size)"
    }

    /// A walk whose blocks are cut from the input; the first two bytes are the range.
    private static func walk(_ input: [UInt8]) -> String? {
        guard input.count > 3, let root = try? CID(bytes: [1, 0x70, 0, 0]) else { return nil }
        let count = Int64(input[2])
        let start = min(Int64(input[0]), count)
        let end = min(count, start + Int64(input[1]))
        var walk = UnixFSWalk(root, byteCount: count, range: start..<end)
        var rest = input.dropFirst(3)
        var given = 0
        while let need = walk.need, let length = rest.popFirst() {
            guard walk.upcoming(4).first == need else { return "the next block is not the first of the upcoming ones" }
            let block = Array(rest.prefix(Int(length)))
            rest = rest.dropFirst(Int(length))
            guard let bytes = try? walk.take(block) else { return nil }
            given += bytes.count
        }
        if given > Int(end - start) { return "\(given) bytes of a range of \(end - start)" }
        return walk.need == nil && given != Int(end - start) ? "a walk ended after \(given) bytes" : nil
    }

    /// Values that origins and visitors send in fields, and paths.
    private static func head(_ input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        _ = try? ResponseFraming(
            method: "GET", status: 200, fields: ["content-length": text, "transfer-encoding": text])
        _ = OriginFields([("via", text), ("cdn-loop", text)]).list("via")
        _ = S3ErrorCode.read(input)
        if let range = OriginRange(text) {
            if OriginRange(range.description) != range { return "\(range) is not read as itself" }
            for count: Int64 in [0, 1, 1_000, .max] {
                guard let bytes = range.resolve(count: count) else { continue }
                if bytes.isEmpty || bytes.lowerBound < 0 || bytes.upperBound > count {
                    return "\(bytes) of \(count) bytes"
                }
            }
        }
        guard let path = try? ContentPath(text) else { return nil }
        let isSafe = path.segments.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("/") }
        return isSafe ? nil : "a path climbs: \(path.segments)"
    }
}
