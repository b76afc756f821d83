/// A node of a file tree (UnixFS 1): a file or a part of one, or a folder.
struct UnixFSNode: Equatable, Sendable {
    /// What a node is.
    enum Kind: UInt64, Sendable {
        case raw, directory, file, metadata, symlink, shardedDirectory
    }

    /// What a node stands for, and the sizes of its links' contents.
    struct Header: Equatable, Sendable {
        var kind: Kind
        var data: [UInt8] = []
        var fileSize: UInt64?
        var blockSizes: [UInt64] = []

        init(kind: Kind, data: [UInt8] = [], fileSize: UInt64? = nil, blockSizes: [UInt64] = []) {
            self.kind = kind
            self.data = data
            self.fileSize = fileSize
            self.blockSizes = blockSizes
        }

        /// The message's bytes.
        func encode() -> [UInt8] {
            var bytes = [0x08] + Varint.encode(kind.rawValue)
            if !data.isEmpty { bytes += [0x12] + Varint.encode(UInt64(data.count)) + data }
            if let fileSize { bytes += [0x18] + Varint.encode(fileSize) }
            for size in blockSizes { bytes += [0x20] + Varint.encode(size) }
            return bytes
        }
    }

    /// A part of a file: how many bytes, and where they are.
    struct Part: Equatable, Sendable {
        var cid: CID
        var byteCount: Int64
    }

    let header: Header
    let links: [DAGNode.Link]

    /// Reads a block.
    ///
    /// - Throws: ``DAGNode/Malformed``.
    init(_ block: [UInt8]) throws(DAGNode.Malformed) {
        let node = try DAGNode(block)
        guard let data = node.data else { throw DAGNode.Malformed(description: "a block has no data of a file tree") }
        header = try Self.header(data)
        links = node.links
    }

    /// Bytes of the whole file.
    ///
    /// - Throws: ``DAGNode/Malformed`` if the node is no file or its sizes do not agree.
    func fileSize() throws(DAGNode.Malformed) -> Int64 {
        guard header.kind == .file || header.kind == .raw else {
            throw DAGNode.Malformed(description: "a block in a file is no part of one")
        }
        guard header.blockSizes.count == links.count else {
            throw DAGNode.Malformed(description: "a file's block has another number of sizes than of links")
        }
        var total = UInt64(header.data.count)
        for size in header.blockSizes {
            let (sum, overflow) = total.addingReportingOverflow(size)
            guard !overflow else { throw DAGNode.Malformed(description: "a file's sizes are too large") }
            total = sum
        }
        guard header.fileSize == nil || header.fileSize == total, let size = Int64(exactly: total) else {
            throw DAGNode.Malformed(description: "a file's size is not the sum of its parts")
        }
        return size
    }

    /// The parts behind the node's own data, in order; those without bytes are left out.
    func parts() throws(DAGNode.Malformed) -> [Part] {
        _ = try fileSize()
        return zip(links, header.blockSizes).compactMap { link, size in
            size == 0 ? nil : Part(cid: link.cid, byteCount: Int64(size))
        }
    }

    private static func header(_ bytes: [UInt8]) throws(DAGNode.Malformed) -> Header {
        var kind: Kind?
        var header = Header(kind: .file)
        var hasData = false
        var fields = ProtobufFields(bytes[...])
        do {
            while let (number, value) = try fields.next() {
                switch (number, value) {
                case (1, .varint(let code)) where kind == nil:
                    kind = Kind(rawValue: code)
                    guard kind != nil else { throw DAGNode.Malformed(description: "a block's kind is not known") }
                case (2, .bytes(let data)) where !hasData:
                    header.data = Array(data)
                    hasData = true
                case (3, .varint(let size)) where header.fileSize == nil: header.fileSize = size
                case (4, .varint(let size)): header.blockSizes.append(size)
                case (4, .bytes(var packed)):
                    while !packed.isEmpty {
                        guard let size = Varint.read(&packed, isMinimal: false) else {
                            throw ProtobufFields.Malformed()
                        }
                        header.blockSizes.append(size)
                    }
                case (1...4, _):
                    throw DAGNode.Malformed(description: "a field of a file tree is twice there or of another type")
                // Hash and fan-out of sharded folders, mode and time of change.
                case (5...8, _): break
                default: throw DAGNode.Malformed(description: "a block has a field of a file tree that is not known")
                }
            }
        } catch let error as DAGNode.Malformed {
            throw error
        } catch {
            throw DAGNode.Malformed(description: "a block's data is cut off or no protobuf")
        }
        guard let kind else { throw DAGNode.Malformed(description: "a block does not say its kind") }
        header.kind = kind
        return header
    }
}
