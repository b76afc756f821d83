import Blake3
import Testing

@testable import Origins

@Suite("CIDs and blocks of IPFS")
struct CIDTests {
    /// The empty folder, an empty raw block and "hello world" as other software names them.
    @Test(
        "Are read and written as others do",
        arguments: [
            ("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"),
            (
                "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
                "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
            ),
            (
                "BAFKREIHDWDCEFGH4DQKJV67UZCMW7OJEE6XEDZDETOJUZJEVTENXQUVYKU",
                "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
            ),
            (
                "f01551220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
            ),
        ])
    func text(_ text: String, _ canonical: String) throws {
        let cid = try CID(text)
        #expect("\(cid)" == canonical)
        #expect(try CID(bytes: cid.bytes) == cid)
    }

    @Test("Verify their blocks and no others")
    func verification() throws {
        #expect(try CID("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku").matches([]))
        #expect(
            try CID("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e").matches(Array("hello world".utf8)))
        #expect(try CID("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn").matches([0x0a, 0x02, 0x08, 0x01]))
        #expect(try !CID("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn").matches([0x0a, 0x02, 0x08, 0x02]))
        let block = Array("abc".utf8)
        let blake = try CID(bytes: [1, 0x55, 0x1e, 32] + Blake3.hash(block).bytes)
        #expect(blake.matches(block))
        #expect(!blake.matches([]))
        let inline = try CID(bytes: [1, 0x55, 0x00, 3] + block)
        #expect(inline.inlineBlock == block)
        #expect(inline.matches(block))
    }

    @Test(
        "Are refused when malformed or unknown",
        arguments: [
            "", "b", "Qm", "z", "hello", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykv1",
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyk",
            "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3N0",
            "f01711220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "f0155", "f01F0",
            "f02551220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "f0155121fe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8",
            "f81001551220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "b" + String(repeating: "a", count: CID.maxTextBytes),
        ])
    func malformed(_ text: String) { #expect(throws: CID.Malformed.self) { try CID(text) } }

    @Test("Digits of both bases come back, zeros at the front too")
    func bases() {
        for bytes: [UInt8] in [[], [0], [0, 0, 1], [255, 254, 0], Array(0...255)] {
            #expect(Multibase.decodeBase58(Multibase.encodeBase58(bytes)) == bytes)
            #expect(Multibase.decodeBase32(Multibase.encodeBase32(bytes)) == bytes)
        }
        #expect(Multibase.encodeBase58(Array("Hello World!".utf8)) == "2NEpo7TZRRrLZSi2U")
        #expect(Multibase.encodeBase32(Array("foobar".utf8)) == "mzxw6ytboi")
        #expect(Multibase.decodeBase32("mzxw6ytboj") == nil)
    }

    @Test("Varints have a shortest form and 64 bits")
    func varints() {
        for value: UInt64 in [0, 1, 127, 128, 300, .max] {
            var rest = Varint.encode(value)[...]
            let read = Varint.read(&rest, isMinimal: true)
            #expect(read == value)
            #expect(rest.isEmpty)
        }
        for bytes: [UInt8] in [[], [0x80], [0x80, 0x00], Array(repeating: 0xff, count: 10)] {
            var rest = bytes[...]
            let read = Varint.read(&rest, isMinimal: true)
            #expect(read == nil)
        }
    }

    @Test("Nodes are written and read again, and strictly")
    func nodes() throws {
        let leaf = CID(hashing: [1], codec: .raw)
        let node = DAGNode(links: [.init(cid: leaf, name: "a"), .init(cid: leaf, name: "")], data: [8, 1])
        #expect(try DAGNode(node.encode()) == node)
        let link = Array(DAGNode(links: [.init(cid: leaf, name: "")], data: nil).encode())
        let data: [UInt8] = [0x0a, 0x01, 0x08]
        #expect(throws: Never.self) { try DAGNode(data + link) }
        let bad: [[UInt8]] = [
            data + data, link + data + link, [0x1a, 0], [0x08, 1], [0x0a], [0x0a, 5, 1], [0x12, 0], [0x12, 2, 0x0a, 0],
            link.dropLast() + [], [0x0b],
        ]
        for block in bad { #expect(throws: DAGNode.Malformed.self, "\(block)") { try DAGNode(block) } }
        let large = DAGNode(data: [UInt8](repeating: 0, count: DAGNode.maxBlockBytes)).encode()
        #expect(throws: DAGNode.Malformed.self) { try DAGNode(large) }
    }

    @Test("Sizes of files must agree")
    func sizes() throws {
        let leaf = CID(hashing: [1], codec: .raw)
        func node(_ header: UnixFSNode.Header, links: Int) throws -> UnixFSNode {
            let links = [DAGNode.Link](repeating: .init(cid: leaf, name: ""), count: links)
            return try UnixFSNode(DAGNode(links: links, data: header.encode()).encode())
        }
        #expect(try node(.init(kind: .file, data: [1], fileSize: 3, blockSizes: [2]), links: 1).fileSize() == 3)
        #expect(try node(.init(kind: .file, blockSizes: [0, 2]), links: 2).parts().count == 1)
        for (header, links) in [
            (UnixFSNode.Header(kind: .file, fileSize: 4, blockSizes: [2]), 1), (.init(kind: .file, blockSizes: [2]), 2),
            (.init(kind: .file, blockSizes: [.max, 2]), 2), (.init(kind: .directory), 0),
        ] {
            let node = try node(header, links: links)
            #expect(throws: DAGNode.Malformed.self) { try node.fileSize() }
        }
    }
}
