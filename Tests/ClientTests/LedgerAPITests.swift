import AsyncHTTPClient
import ControlModel
import Foundation
import Identity
import Ledger
import NIOCore
import NIOHTTP1
import Testing

@Suite("The API of the ledger", .timeLimit(.minutes(1)))
struct LedgerAPITests {
    private static let id = String(repeating: "0f", count: 32)

    private static func get(_ url: String) async throws -> (status: UInt, code: String?, body: Data) {
        let answer = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(10))
        let body = Data(try await answer.body.collect(upTo: 1 << 20).readableBytesView)
        return (answer.status.code, (try? JSONDecoder().decode(ControlFailure.self, from: body))?.code, body)
    }

    @Test func badRequestsGetTheirOwnAnswers() async throws {
        let network = try TestNetwork()
        try network.transfer()
        let expected: [(String, UInt, String)] = [
            ("ledger/entries?from=x", 400, "control/bad-number"),
            ("ledger/entries?from=-1", 400, "control/bad-number"),
            ("ledger/entries?from=1&limit=99999999999999999999", 400, "control/bad-number"),
            ("ledger/entries/x", 400, "control/bad-sequence"),
            ("ledger/entries/0", 404, "ledger-log/no-entry"),
            ("ledger/entries/2", 404, "ledger-log/no-entry"),
            ("ledger/transactions/12", 400, "control/bad-transaction"),
            ("ledger/transactions/\(Self.id)", 404, "ledger-log/no-transaction"),
            ("ledger/base", 404, "ledger-log/no-base"),
            ("ledger/certificate", 409, "ledger/not-certified"),
            ("ledger/handovers?after=x", 400, "control/bad-number"),
            ("proofs/accounts/12", 400, "control/bad-proof-key"),
            ("proofs/accounts/\(Self.id)", 409, "ledger/not-certified"),
            ("proofs/names/-", 400, "ledger/bad-name"),
            ("proofs/releases/shop/1", 400, "control/bad-proof-key"),
            ("proofs/others/1", 404, "control/404"),
            ("nodes/12", 400, "control/bad-node"),
            ("nodes/\(Self.id)", 404, "ledger/unknown-node"),
            ("nodes?after=1", 400, "control/bad-node"),
            ("accounts/12", 400, "control/bad-account"),
            ("blobs/\(Self.id)/content", 404, "blob/not-found"),
        ]
        try await TestNode(network: network).serve { url async throws in
            for (path, status, code) in expected {
                let answer = try await Self.get("\(url)/api/v1/\(path)")
                #expect(answer.status == status, "\(path)")
                #expect(answer.code == code, "\(path)")
            }
        }
    }

    @Test func aTruncatedLogSaysSo() async throws {
        let network = try TestNetwork()
        try network.transfer(times: 2)
        try network.truncate()
        try network.transfer()
        try await TestNode(network: network).serve { url async throws in
            let gone = try await Self.get("\(url)/api/v1/ledger/entries?from=2")
            #expect(gone.status == 410)
            #expect(gone.code == "ledger-log/truncated")
            let base = try await Self.get("\(url)/api/v1/ledger/base")
            let info = try JSONDecoder().decode(LedgerBaseInfo.self, from: base.body)
            #expect(info.sequence == 2)
            let snapshot = try await Self.get("\(url)/api/v1/blobs/\(info.snapshot)/content")
            #expect(UInt64(snapshot.body.count) == info.snapshotByteCount)
            let kept = try await Self.get("\(url)/api/v1/ledger/entries?from=3")
            #expect(ByteFrames.decode(kept.body, maxFrameBytes: Entry.maxByteCount)?.count == 1)
        }
    }

    @Test func pagesOfEntriesAndNodesAreBounded() async throws {
        let network = try TestNetwork()
        try network.transfer(times: 257)
        try await TestNode(network: network).serve { url async throws in
            for (limit, count) in [("", 256), ("&limit=0", 1), ("&limit=256", 256), ("&limit=257", 256)] {
                let answer = try await Self.get("\(url)/api/v1/ledger/entries?from=1\(limit)")
                #expect(ByteFrames.decode(answer.body, maxFrameBytes: Entry.maxByteCount)?.count == count)
            }
            var after = ""
            var ids: [String] = []
            repeat {
                let answer = try await Self.get("\(url)/api/v1/nodes?limit=3\(after)")
                let page = try JSONDecoder().decode(LedgerNodeList.self, from: answer.body)
                ids += page.nodes.map(\.id)
                after = page.next.map { "&after=\($0)" } ?? ""
            } while !after.isEmpty
            #expect(ids == network.state.nodes.map(\.id.description))
        }
    }
}
