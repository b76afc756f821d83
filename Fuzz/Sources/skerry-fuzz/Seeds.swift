import Blake3
import Foundation
import Identity
import Ledger
import Manifests
import NIOCore
import Stark
import SwiftProtobuf
import Wire

@testable import BlobStore
@testable import Discovery
@testable import Membership
@testable import Peering

/// Small valid inputs: where the engine begins.
enum Seeds {
    /// Writes `<folder>/<target>/seed-<name>` for every target.
    static func write(to folder: String) throws {
        for (target, inputs) in try all() {
            let place = URL(fileURLWithPath: folder).appendingPathComponent(target)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for (name, bytes) in inputs {
                try Data(bytes).write(to: place.appendingPathComponent("seed-\(name)"))
            }
        }
    }

    private static func all() throws -> [String: [String: [UInt8]]] {
        try [
            storage(), peers(), exchange(), members(), records(), ledger(), EtcdLogFuzzTargets.seeds(),
            ControlModelFuzzTargets.seeds(), NodeFuzzTargets.seeds(), SecretsFuzzTargets.seeds(), texts(),
            CertificatesFuzzTargets.seeds(), FunctionsFuzzTargets.seeds(), HTTPCacheFuzzTargets.seeds(),
            OriginsFuzzTargets.seeds(), ChannelsFuzzTargets.seeds(), AckProofsFuzzTargets.seeds(),
            OutboundFuzzTargets.seeds(), ImagesFuzzTargets.seeds(), MachinesFuzzTargets.seeds(),
        ]
        .reduce(into: [:]) { $0.merge($1) { first, _ in first } }
    }

    private static func storage() throws -> [String: [String: [UInt8]]] {
        let file = SiteManifest.File(blob: BlobStoreFuzzTargets.id, byteCount: 1, contentType: "text/plain")
        let function = FunctionManifest(
            script: BlobStoreFuzzTargets.id, scriptByteCount: 9, sourceName: "main.js", exports: ["default"])
        var held = BlockSet(blockCount: 20)
        held.insert(3)
        held.insert(19)
        let map = PartialMap(byteCount: 20 * BlockTree.blockByteCount, updatedAtMilliseconds: 1, held: held)
        let mapBytes = map.bytes(of: BlobStoreFuzzTargets.id)
        return [
            // Whole and a range, without an edit and with one.
            "verified-stream": [
                "whole": [0], "range": [3], "edit": [0, 0, 9, 1], "cut": [2, 0, 40, 0], "raw": [200, 5],
            ],
            "outboard": ["right": [0], "edit": [0, 0, 9, 1], "raw": [200] + [UInt8](repeating: 0, count: 8)],
            "manifest": [
                "site": Array(try Manifest.site(SiteManifest(files: ["a/b.txt": file, "c": file])).encoded()),
                "function": Array(try Manifest.function(function).encoded()),
            ],
            "site-redirects": ["some": Array(SiteRuleSeeds.redirects.utf8)],
            "site-headers": ["some": Array(SiteRuleSeeds.headers.utf8)],
            "app-manifest": [
                "site": Array("name = \"s\"\nkind = \"site\"\nassets = \"out\"\n".utf8)
            ],
            "block-set": ["some": [0, 20] + held.bytes, "none": [0, 0], "one": [0, 1, 1]],
            "partial-map": ["whole": [0] + mapBytes, "unsummed": [1] + mapBytes.dropLast(Digest.byteCount)],
        ]
    }

    private static func peers() throws -> [String: [String: [UInt8]]] {
        func frame(_ type: FrameType, _ body: some Message, id: UInt32, _ flags: FrameHeader.Flags = []) throws
            -> [UInt8]
        {
            let bytes: [UInt8] = try body.serializedBytes()
            return Array(PeeringFuzzTargets.frame(type, bytes, id: id, flags: flags).readableBytesView)
        }
        let hello = PeerPBHello.with {
            $0.protocolVersion = 1
            $0.network = Data(repeating: 7, count: Digest.byteCount)
        }
        let failure = PeerPBError.with {
            $0.code = "blob/not-found"
            $0.message = "no"
        }
        let ping = try frame(.ping, PeerPBPing.with { $0.nonce = 5 }, id: 0, .required)
        let request = try frame(.statBlob, PeerPBStatBlob.with { $0.blob = Data([1]) }, id: 3, .required)
        let answer = try frame(.blobStatus, PeerPBBlobStatus.with { $0.present = true }, id: 1, .response)
        let refusal = try frame(.error, failure, id: 1, .response)
        let cancel = Array(PeeringFuzzTargets.frame(.cancel, [], id: 3).readableBytesView)
        let greeting = try frame(.hello, hello, id: 0, .required)
        let talk = ping + request + cancel + answer
        return [
            "frame": ["talk": [200] + talk, "pieces": [6] + talk],
            "peer-connection": [
                "hello": [250] + greeting + ping, "talk": [251] + talk, "pieces": [1] + talk,
                "refusal": [251] + refusal, "second-hello": [251] + greeting,
            ],
        ]
    }

    private static func exchange() throws -> [String: [String: [UInt8]]] {
        let small = Data(Blake3.hash(ExchangeFuzzTargets.small).bytes)
        let large = Data(Blake3.hash(ExchangeFuzzTargets.large).bytes)
        let stat: [UInt8] = try PeerPBStatBlob.with { $0.blob = large }.serializedBytes()
        let values: [UInt8] = try PeerPBReadBlockValues.with {
            $0.blob = large
            $0.first = 1
            $0.count = 2
        }.serializedBytes()
        let block: [UInt8] = try PeerPBReadBlock.with {
            $0.blob = large
            $0.index = 2
        }.serializedBytes()
        let inline: [UInt8] = try PeerPBReadBlock.with { $0.blob = small }.serializedBytes()
        var status = PeerPBBlobStatus.with {
            $0.present = true
            $0.byteCount = UInt64(ExchangeFuzzTargets.large.count)
        }
        let whole: [UInt8] = try status.serializedBytes()
        status.heldBlocks = Data([0b101])
        let part: [UInt8] = try status.serializedBytes()
        status.byteCount = UInt64(Int.max)
        let huge: [UInt8] = try status.serializedBytes()
        let page: [UInt8] = try PeerPBBlockValues.with { $0.values = large + small }.serializedBytes()
        return [
            "exchange-serve": [
                "stat": [0] + stat, "values": [1] + values, "block": [2] + block, "small": [2] + inline,
            ],
            // The mode of the page: two values are expected.
            "exchange-answers": [
                "whole": [0] + whole, "part": [0] + part, "huge": [0] + huge, "values": [7] + page,
                "block": [2] + Array(ExchangeFuzzTargets.large.prefix(100)),
            ],
        ]
    }

    private static func members() throws -> [String: [String: [UInt8]]] {
        let town = try MembershipFuzzTargets.Town()
        func frame(_ kind: UInt8, _ message: SwimMessage) throws -> [UInt8] {
            let frame = MembershipFrame(message, signatures: message.claims.map { _ in Data(count: 64) })
            let body = Array(try frame.encoded().body.readableBytesView)
            return [kind, 10, UInt8(truncatingIfNeeded: body.count >> 8), UInt8(truncatingIfNeeded: body.count)] + body
        }
        let alive = MemberClaim(node: town.nodes[2], state: .alive, incarnation: 1_800_000_000_001)
        let suspect = MemberClaim(node: town.nodes[3], state: .suspect, incarnation: 0, accuser: town.nodes[1])
        let probe = try frame(0, .probe(nonce: 1, claims: [alive, suspect], coordinate: .origin))
        let ack = try frame(1, .probeAck(nonce: 1, claims: [], coordinate: .origin))
        let indirect = try frame(2, .indirectProbe(nonce: 1, target: town.nodes[2], timeout: .seconds(1), claims: []))
        let sync = try frame(4, .sync(after: nil, claims: [alive]))
        let page = try frame(5, .members(claims: [suspect], next: town.nodes[1]))
        return [
            "membership": [
                "probe": [0] + probe, "signed": [1] + probe + ack, "indirect": [0] + indirect,
                "views": [1] + sync + page,
            ]
        ]
    }

    private static func records() throws -> [String: [String: [UInt8]]] {
        let millis = Int64(Date().timeIntervalSince1970 * 1_000)
        let record = try ProviderRecord.sign(
            key: BlobStoreFuzzTargets.id, sequence: 1, expiresMillis: millis + 7_200_000, isWithdrawn: false,
            network: DiscoveryFuzzTargets.network, with: DiscoveryFuzzTargets.peerKey())
        let find: [UInt8] = try PeerPBFindProviders.with {
            $0.key = Data(BlobStoreFuzzTargets.id.digest.bytes)
            $0.limit = 8
            $0.wantCloser = true
            $0.wantToken = true
        }.serializedBytes()
        let store: [UInt8] = try PeerPBStoreRecords.with { $0.records = [record.message, record.message] }
            .serializedBytes()
        let alone: [UInt8] = try record.message.serializedBytes()
        return [
            "provider-record": ["signed": alone],
            "discovery-serve": [
                "find": [0] + find, "store": [1] + store, "store-token": [3] + store, "store-signed": [7] + store,
            ],
        ]
    }

    private static func ledger() throws -> [String: [String: [UInt8]]] {
        let key = try LedgerFuzzTargets.key()
        let genesis = try LedgerFuzzTargets.genesis(key)
        let state = LedgerState(genesis: genesis)
        let claim = try TransactionBuilder(networkID: genesis.networkID, key: key, as: .account)
            .sign(.claimName(AppName(checking: "shop")), nonce: 1)
        let entry = try Entry(
            following: state, transactions: [claim], timeMilliseconds: 1_700_000_000_001, key: key)
        let body = try LedgerPBTransaction(serializedBytes: claim.bytes).body
        let seeds: [String: [String: [UInt8]]] = [
            "ledger-transactions": ["steps": try ledgerSteps().flatMap(\.bytes)],
            "genesis": ["small": Array(genesis.bytes)],
            "ledger-entry": ["whole": [0] + Array(entry.bytes), "header": [1] + Array(entry.bytes)],
            "ledger-transaction": ["whole": [0] + Array(claim.bytes), "body": [1] + Array(body)],
        ]
        return seeds.merging(try LedgerProofFuzzTargets.seeds()) { first, _ in first }
    }

    /// One transaction of each kind that does something in the beginning.
    private static func ledgerSteps() throws -> [LedgerFuzzTargets.Step] {
        let keys = try LedgerFuzzTargets.keys()
        let (first, second) = (keys[0].publicKey, keys[1].publicKey)
        let name = try AppName(checking: "shop")
        guard let anchor = PoseidonLink(bytes: [3] + Array(repeating: 0, count: 31)) else { return [] }
        let channel = NewChannel(
            payee: second.node, expiresMilliseconds: 60_000,
            chains: [
                NewChannel.Chain(commodity: .bytes, anchor: anchor, unitPrice: 2, maxUnits: 9)
            ])
        let actions: [(UInt8, LedgerAction)] = [
            (0, .transfer(to: keys[2].publicKey.account, amount: 500)), (0, .mint(to: second.account, amount: 9)),
            (1, .stake(second.node, amount: 50)), (1, .unstake(second.node, amount: 20)), (5, .optOut(second.node)),
            (5, .optIn(second.node)), (2, .claimName(name)),
            (2, .bindDomain(try DomainName(checking: "a.example"), to: name)), (0, .openChannel(channel)),
            (0, .changeParameter(.value(name: "name_fee", 3))),
            (4, .beaconCommit(epoch: 0, round: 0, commitment: first.node.digest)),
            (4 | 11 << 3, .advanceEpoch(epoch: 0, round: 0)), (1, .withdrawUnstaked(second.node)),
        ]
        return try actions.map { selector, action in
            let transaction = try TransactionBuilder(networkID: NetworkID(first.node.digest), key: keys[0])
                .sign(action, nonce: 1)
            let body = try LedgerPBTransaction(serializedBytes: transaction.bytes).body
            return LedgerFuzzTargets.Step(selector: selector, body: try LedgerPBTransactionBody(serializedBytes: body))
        }
    }

    private static func texts() throws -> [String: [String: [UInt8]]] {
        let id = BlobStoreFuzzTargets.id
        let certificate = try NodeCertificate(LedgerFuzzTargets.key())
        let get = "GET /a%20b?c HTTP/1.1\r\nHost: a.localhost\r\nRange: bytes=0-1\r\n\r\n"
        let sized = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        let chunked =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: x\r\n\r\n"
        func http(_ size: UInt8, _ text: String) -> [UInt8] { [size] + Array(text.utf8) }
        return [
            "digest-text": ["hex": Array(id.digest.hex.utf8)],
            "blob-id": ["cid": Array(id.description.utf8), "hex": Array(id.digest.hex.utf8)],
            "node-id": ["hex": Array(id.digest.hex.utf8)],
            "certificate": ["own": Array(certificate.certificateDER)],
            "peer-endpoint": ["v4": Array("127.0.0.1:80".utf8), "v6": Array("[::1]:80".utf8)],
            "http": [
                "get": http(255, get), "sized": http(2, sized), "chunked": http(9, chunked), "two": http(60, get + get),
            ],
            "http-fields": [
                "range": Array("bytes=0-1, -5, 7-".utf8), "tags": Array("\"a\", W/\"b\"".utf8),
                "host": Array("a.localhost:80".utf8), "path": Array("/a/%C3%A9?b".utf8),
            ],
        ]
    }
}
