import Blake3
import Foundation
import Functions
import Identity
import Logging
import NIOCore
import Recordings
import Streams
import Testing
import WorkerProtocol

@testable import Node

@Suite("Receipts of a node") struct ReceiptBookTests {
    private let key = SigningKey()
    private let book: ReceiptBook
    private let version = FunctionVersion(tenant: "owner/shop", release: "r1")

    init() { book = ReceiptBook(key: key, epoch: { 7 }, logger: Logger(label: "receipt-tests")) }

    private func call(_ id: String, body: FunctionBody = .bytes(ByteBuffer(string: "in"))) -> FunctionCall {
        FunctionCall(id: id, method: "POST", url: "http://shop/", headers: [("a", "b")], body: body)
    }

    private func output(_ body: String, _ headers: [HeaderField] = []) -> InvocationHasher {
        var hasher = InvocationHasher(status: 200, headers: headers)
        Array(body.utf8).withUnsafeBytes { hasher.update($0) }
        return hasher
    }

    @Test("An answer names its receipt, which says what was asked and answered; no function names one itself")
    func answers() async throws {
        let reply = FunctionReply(
            status: 200, headers: [("x", "y"), (ReceiptBook.header, "forged")], body: .bytes(ByteBuffer(string: "out")))
        let sent = book.attach(to: reply, of: call("id1"), version, since: .now())
        #expect(sent.headers.map(\.name) == ["x", ReceiptBook.header] && sent.headers.last?.value == "id1")
        let signed = try #require(await book.receipt("id1"))
        #expect(try SignedReceipt(decoding: signed.bytes) == signed && signed.key == key.publicKey)
        let receipt = signed.receipt
        #expect(receipt.app == "shop" && receipt.release == "r1" && receipt.epoch == 7 && receipt.status == 200)
        #expect(receipt.outputHash == output("out", [HeaderField(name: "x", value: "y")]).finalize())
        var input = InvocationHasher(method: "POST", url: "http://shop/", headers: [HeaderField(name: "a", value: "b")])
        Array("in".utf8).withUnsafeBytes { input.update($0) }
        #expect(receipt.inputHash == input.finalize() && !receipt.isInputHeadOnly && receipt.transcriptHash == nil)
        #expect(await book.receipt("id2") == nil)
        let nested = book.attach(to: reply, of: call("id3/1"), version, since: .now())
        #expect(nested.headers.last?.value == "id3-1")
        #expect(await book.receipt("id3-1")?.receipt.id == "id3-1")
    }

    @Test("A stream's receipt closes with the stream, and says when it broke off")
    func streams() async throws {
        for isBroken in [false, true] {
            let source = ByteStream()
            let upload = ByteStream()
            let id = "stream\(isBroken)"
            let sent = book.attach(
                to: FunctionReply(status: 200, headers: [], body: .stream(source)),
                of: call(id, body: .stream(upload)), version, since: .now())
            source.append(ByteBuffer(string: "one "))
            source.append(ByteBuffer(string: "two"))
            guard case .stream(let stream) = sent.body else {
                Issue.record("the body is no stream")
                return
            }
            var text = ""
            while text.utf8.count < 7, let part = try await stream.next() { text += String(buffer: part) }
            #expect(text == "one two")
            if isBroken { source.fail(FunctionError(.crashed, "gone")) } else { source.finish() }
            do {
                #expect(try await stream.next() == nil)
                #expect(!isBroken)
            } catch {
                #expect(isBroken)
            }
            // The receipt is noted before the stream's end is told.
            let receipt = try #require(await book.receipt(id)).receipt
            #expect(receipt.isOutputBroken == isBroken && receipt.isInputHeadOnly)
            #expect(receipt.outputHash == output("one two").finalize())
        }
    }

    @Test("Failures have receipts too, and the oldest receipts go")
    func failuresAndBounds() async throws {
        book.failed(call("first"), version, FunctionError(.exception, "no"), since: .now())
        book.failed(call("ours"), version, FunctionError(.overloaded, "busy"), since: .now())
        let receipt = try #require(await book.receipt("first")).receipt
        #expect(receipt.status == 0)
        #expect(
            receipt.outputHash == InvocationHasher(failure: "function/exception", message: "no").finalize())
        #expect(await book.receipt("ours") == nil)
        let reply = FunctionReply(status: 200, headers: [], body: .empty)
        for index in 0..<ReceiptBook.maxKept {
            if index % ReceiptBook.maxWaiting == 0 { await book.flush() }
            #expect(named(book.attach(to: reply, of: call("n\(index)"), version, since: .now())) != nil)
        }
        #expect(await book.receipt("n\(ReceiptBook.maxKept - 1)") != nil)
        #expect(await book.receipt("n0") != nil)
        #expect(await book.receipt("first") == nil)
    }

    private func named(_ reply: FunctionReply) -> String? {
        reply.headers.last { $0.name == ReceiptBook.header }?.value
    }

    @Test("A stream that named its receipt gets it however many wait when it ends; what cannot be kept is not named")
    func fullList() async throws {
        let source = ByteStream()
        let streamed = book.attach(
            to: FunctionReply(status: 200, headers: [], body: .stream(source)), of: call("streamed"), version,
            since: .now())
        #expect(named(streamed) == "streamed")
        let reply = FunctionReply(status: 200, headers: [], body: .empty)
        var unnamed = 0
        for index in 0...ReceiptBook.maxWaiting
        where named(book.attach(to: reply, of: call("n\(index)"), version, since: .now())) == nil { unnamed += 1 }
        #expect(unnamed == 1)
        source.finish()
        guard case .stream(let stream) = streamed.body else {
            Issue.record("the body is no stream")
            return
        }
        #expect(try await stream.next() == nil)
        for id in ["n0", "n\(ReceiptBook.maxWaiting - 1)", "streamed"] {
            #expect(await book.receipt(id) != nil, "\(id)")
        }
        #expect(await book.receipt("n\(ReceiptBook.maxWaiting)") == nil)
    }

    @Test("So many streams have a place for their receipts, and one more when one of them has ended")
    func places() async throws {
        func attach(_ id: String) -> (ByteStream, FunctionReply) {
            let source = ByteStream()
            let reply = FunctionReply(status: 200, headers: [], body: .stream(source))
            return (source, book.attach(to: reply, of: call(id), version, since: .now()))
        }
        let open = (0..<ReceiptBook.maxPromised).map { attach("s\($0)") }
        #expect(open.count { named($0.1) == nil } == 0)
        #expect(named(attach("one more").1) == nil)
        guard case .stream(let stream) = open[0].1.body else {
            Issue.record("the body is no stream")
            return
        }
        open[0].0.finish()
        #expect(try await stream.next() == nil)
        #expect(named(attach("another").1) == "another")
        for (source, _) in open[1...] { source.finish() }
    }

    @Test(
        "Receipts outlive the node; the oldest go when both files are full, and a record cut off at the end is dropped")
    func restarts() async throws {
        let path = NSTemporaryDirectory() + "skerry-receipts-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        func reopened() throws -> ReceiptBook {
            ReceiptBook(
                key: key, epoch: { 7 }, folder: try ReceiptFolder(path: path, maxInFile: 4),
                logger: Logger(label: "receipt-tests"))
        }
        func invoke(_ book: ReceiptBook, _ id: String) async throws {
            let reply = FunctionReply(status: 200, headers: [], body: .bytes(ByteBuffer(string: id)))
            _ = book.attach(to: reply, of: call(id), version, since: .now())
            #expect(await book.receipt(id) != nil)
        }
        var book = try reopened()
        for index in 0..<3 { try await invoke(book, "id\(index)") }
        book = try reopened()
        for index in 0..<3 { #expect(await book.receipt("id\(index)")?.receipt.id == "id\(index)") }
        for index in 3..<10 { try await invoke(book, "id\(index)") }
        book = try reopened()
        #expect(await book.receipt("id0") == nil)
        for index in 4..<10 { #expect(await book.receipt("id\(index)") != nil, "\(index)") }
        let last = try #require(
            ["\(path)/receipts.0", "\(path)/receipts.1"].first {
                FileManager.default.contents(atPath: $0)?.range(of: Data("id9".utf8)) != nil
            })
        let handle = try #require(FileHandle(forWritingAtPath: last))
        try handle.truncate(atOffset: try handle.seekToEnd() - 1)
        try handle.close()
        book = try reopened()
        #expect(await book.receipt("id9") == nil)
        #expect(await book.receipt("id8") != nil)
        try await invoke(book, "again")
        book = try reopened()
        #expect(await book.receipt("again") != nil)
        // A node that stops asks for none, and keeps what its last answers named.
        let reply = FunctionReply(status: 200, headers: [], body: .empty)
        #expect(named(book.attach(to: reply, of: call("last"), version, since: .now())) == "last")
        await book.flush()
        book = try reopened()
        #expect(await book.receipt("last") != nil)
    }
}
