/// A node of the dag-pb format: links with names, and data.
struct DAGNode: Equatable, Sendable {
    /// One link.
    struct Link: Equatable, Sendable {
        var cid: CID
        var name: String
    }

    /// Largest block that is read. Gateways and other software keep to the same.
    static let maxBlockBytes = 2 << 20
    /// Most links of a node.
    static let maxLinks = 16_384

    /// Why a block is no such node.
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    var links: [Link] = []
    var data: [UInt8]?

    init(links: [Link] = [], data: [UInt8]?) {
        self.links = links
        self.data = data
    }

    /// Strict: the fields of the format only, each of its type, data once and links not split by it.
    init(_ block: [UInt8]) throws(Malformed) {
        guard block.count <= Self.maxBlockBytes else { throw Malformed(description: "a block has more than 2 MiB") }
        var fields = ProtobufFields(block[...])
        do {
            var linksEnded = false
            while let (number, value) = try fields.next() {
                guard case .bytes(let bytes) = value else { throw Malformed(description: "a field has another type") }
                switch number {
                case 1:
                    guard data == nil else { throw Malformed(description: "a block has its data twice") }
                    data = Array(bytes)
                    linksEnded = !links.isEmpty
                case 2:
                    guard !linksEnded else { throw Malformed(description: "a block's links are split by its data") }
                    guard links.count < Self.maxLinks else {
                        throw Malformed(description: "a block has more than \(Self.maxLinks) links")
                    }
                    links.append(try Self.link(bytes))
                default: throw Malformed(description: "a block has a field that is not known")
                }
            }
        } catch let error as Malformed {
            throw error
        } catch {
            throw Malformed(description: "a block is cut off or no protobuf")
        }
    }

    private static func link(_ bytes: ArraySlice<UInt8>) throws -> Link {
        var fields = ProtobufFields(bytes)
        var cid: CID?
        var name: String?
        var hasSize = false
        while let (number, value) = try fields.next() {
            switch (number, value) {
            case (1, .bytes(let hash)) where cid == nil:
                do { cid = try CID(bytes: Array(hash)) } catch { throw Malformed(description: error.description) }
            case (2, .bytes(let text)) where name == nil:
                guard let text = String(validating: text, as: UTF8.self) else {
                    throw Malformed(description: "a link's name is not UTF-8")
                }
                name = text
            case (3, .varint) where !hasSize: hasSize = true
            default: throw Malformed(description: "a link has a field twice or one that is not known")
            }
        }
        guard let cid else { throw Malformed(description: "a link has no CID") }
        return Link(cid: cid, name: name ?? "")
    }

    /// The block of this node; sizes of links are left out.
    func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        for link in links {
            let hash = link.cid.bytes
            let name = Array(link.name.utf8)
            let body =
                [0x0a] + Varint.encode(UInt64(hash.count)) + hash + [0x12] + Varint.encode(UInt64(name.count)) + name
            bytes += [0x12] + Varint.encode(UInt64(body.count)) + body
        }
        if let data { bytes += [0x0a] + Varint.encode(UInt64(data.count)) + data }
        return bytes
    }
}
