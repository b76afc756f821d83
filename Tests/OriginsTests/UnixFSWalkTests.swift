import Testing

@testable import Origins

@Suite("Walks through files of IPFS")
struct UnixFSWalkTests {
    private func read(_ tree: FileTree, _ cid: CID, _ count: Int, _ range: Range<Int>) throws -> (
        bytes: [UInt8], blocks: Int
    ) {
        var walk = UnixFSWalk(cid, byteCount: Int64(count), range: Int64(range.lowerBound)..<Int64(range.upperBound))
        var bytes: [UInt8] = []
        var blocks = 0
        while let need = walk.need {
            let upcoming = walk.upcoming(8)
            #expect(upcoming.first == need)
            let block = try #require(tree.blocks[need.cid])
            bytes += try walk.take(block)
            blocks += 1
        }
        return (bytes, blocks)
    }

    @Test("Every range gives its bytes", arguments: [true, false])
    func ranges(_ rawLeaves: Bool) throws {
        var tree = FileTree()
        let content = FileTree.bytes(1_000)
        let cid = tree.addFile(content, leafBytes: 64, links: 3, rawLeaves: rawLeaves)
        for start in stride(from: 0, through: 1_000, by: 37) {
            for end in [start, min(1_000, start + 1), min(1_000, start + 64), min(1_000, start + 300), 1_000] {
                let (bytes, _) = try read(tree, cid, 1_000, start..<end)
                #expect(bytes == Array(content[start..<end]), "\(start)..<\(end)")
            }
        }
    }

    @Test("Subtrees outside of the range are not read, and not fetched ahead")
    func skipping() throws {
        var tree = FileTree()
        let content = FileTree.bytes(1_000)
        let cid = tree.addFile(content, leafBytes: 10, links: 10)
        #expect(try read(tree, cid, 1_000, 550..<560).blocks == 3)
        #expect(try read(tree, cid, 1_000, 0..<1_000).blocks == 111)
        var walk = UnixFSWalk(cid, byteCount: 1_000, range: 0..<15)
        for _ in 0..<2 {
            let block = try #require(walk.need.flatMap { tree.blocks[$0.cid] })
            _ = try walk.take(block)
        }
        #expect(walk.upcoming(8).count == 2)
    }

    @Test("A node's own bytes come before those of its links")
    func ownBytes() throws {
        var tree = FileTree()
        let leaf = tree.add([4, 5], .raw)
        let header = UnixFSNode.Header(kind: .file, data: [1, 2, 3], fileSize: 5, blockSizes: [2])
        let cid = tree.add(DAGNode(links: [.init(cid: leaf, name: "")], data: header.encode()).encode(), .dagPB)
        #expect(try read(tree, cid, 5, 0..<5).bytes == [1, 2, 3, 4, 5])
        #expect(try read(tree, cid, 5, 2..<4).bytes == [3, 4])
    }

    @Test("A part that has not the promised size, and a tree that is too deep, are refused")
    func lies() throws {
        var tree = FileTree()
        let leaf = tree.add([1, 2, 3], .raw)
        let header = UnixFSNode.Header(kind: .file, fileSize: 4, blockSizes: [4])
        let wrong = tree.add(DAGNode(links: [.init(cid: leaf, name: "")], data: header.encode()).encode(), .dagPB)
        #expect(throws: DAGNode.Malformed.self) { try read(tree, wrong, 4, 0..<4) }
        #expect(throws: DAGNode.Malformed.self) { try read(tree, leaf, 4, 0..<4) }
        var deep = leaf
        for depth in 1...UnixFSWalk.maxDepth + 1 {
            let header = UnixFSNode.Header(kind: .file, fileSize: 3, blockSizes: [3])
            deep = tree.add(DAGNode(links: [.init(cid: deep, name: "")], data: header.encode()).encode(), .dagPB)
            let cid = deep
            if depth <= UnixFSWalk.maxDepth {
                #expect(try read(tree, cid, 3, 0..<3).bytes == [1, 2, 3])
            } else {
                #expect(throws: DAGNode.Malformed.self) { try read(tree, cid, 3, 0..<3) }
            }
        }
    }
}
