import Blake3
import Identity
import Recordings
import Testing
import WorkerProtocol

@Suite("Recordings as files") struct RecordingTests {
    static let recording = Recording(
        app: "shop", release: "r1",
        code: .init(
            script: Array("code".utf8), fileName: "main.js", environment: "{}", cpuMilliseconds: 500,
            memoryBytes: 128 << 20),
        startMilliseconds: 1_700_000_000_000, seed: [UInt8](repeating: 7, count: RecordingLimits.seedBytes),
        input: .init(
            method: "GET", url: "https://shop/", headers: [HeaderField(name: "a", value: "ü")], body: [1, 2, 3]),
        calls: [
            RecordedCall(name: "fetch", argumentHash: Blake3.hash([1]), bodyHash: Blake3.hash([2])),
            RecordedCall(name: "kv.get", argumentHash: Blake3.hash([3]), bodyHash: nil),
        ],
        events: [
            RecordedEvent(time: 0, kind: .request), RecordedEvent(time: 5, kind: .turn),
            RecordedEvent(time: 5, kind: .result(call: 0, value: "{}", body: [4], continues: true)),
            RecordedEvent(time: 6, kind: .data(call: 0, bytes: [5])), RecordedEvent(time: 7, kind: .end(call: 0)),
            RecordedEvent(time: 7, kind: .broken(call: 0, message: "gone")),
            RecordedEvent(time: 8, kind: .stop(call: 1)),
            RecordedEvent(time: 9, kind: .failed(call: 1, code: "kv/none", message: "no")),
        ], output: .response(status: 200, headers: [HeaderField(name: "b", value: "")], body: [9]))

    @Test("A file holds what was recorded, and who signed it")
    func roundTrip() throws {
        let key = SigningKey()
        var failing = Self.recording
        failing.output = .failure(code: "function/exception", message: "no")
        for recording in [Self.recording, failing] {
            let file = try SignedRecording(recording, key: key)
            let read = try SignedRecording(decoding: file.bytes)
            #expect(read.recording == recording && read.node == key.publicKey.node && read == file)
            #expect(read.recording.outputHash == recording.outputHash)
        }
        #expect(failing.outputHash != Self.recording.outputHash)
        #expect(failing.transcriptHash == Self.recording.transcriptHash)
    }

    @Test("No byte of a file can be changed, taken or added")
    func tampering() throws {
        let bytes = try SignedRecording(Self.recording, key: SigningKey()).bytes
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x10
            #expect((try? SignedRecording(decoding: changed)) == nil)
            #expect((try? SignedRecording(decoding: Array(bytes[..<index]))) == nil)
        }
        #expect(throws: RecordingError.self) { _ = try SignedRecording(decoding: bytes + [0]) }
    }

    @Test("What no recorder writes is refused although it is signed")
    func nonsense() throws {
        func code(_ change: (inout Recording) -> Void) -> RecordingError.Code? {
            var recording = Self.recording
            change(&recording)
            do {
                _ = try SignedRecording(decoding: SignedRecording(recording, key: SigningKey()).bytes)
                return nil
            } catch {
                return (error as? RecordingError)?.code
            }
        }
        let call = Self.recording.calls[0]
        let turn = RecordedEvent(time: 10, kind: .turn)
        let results: [(RecordingError.Code?, RecordingError.Code?)] = [
            (code { _ in }, nil),
            (code { $0.seed = [] }, .malformed),
            (code { $0.events[3].time = 1 }, .malformed),
            (code { $0.events[0].kind = .turn }, .malformed),
            (code { $0.events[1].kind = .request }, .malformed),
            (code { $0.events[4].kind = .end(call: 2) }, .malformed),
            (code { $0.calls += Array(repeating: call, count: RecordingLimits.maxCalls - 2) }, nil),
            (code { $0.calls += Array(repeating: call, count: RecordingLimits.maxCalls - 1) }, .tooLarge),
            (code { $0.events += Array(repeating: turn, count: RecordingLimits.maxEvents - 8) }, nil),
            (code { $0.events += Array(repeating: turn, count: RecordingLimits.maxEvents - 7) }, .tooLarge),
        ]
        for (index, (found, expected)) in results.enumerated() { #expect(found == expected, "change \(index)") }
    }

    @Test("Hashes tell the parts of input and output apart")
    func hashes() {
        func output(_ parts: [[UInt8]], _ status: UInt16 = 200, _ headers: [HeaderField] = []) -> Digest {
            var hasher = InvocationHasher(status: status, headers: headers)
            for part in parts { part.withUnsafeBytes { hasher.update($0) } }
            return hasher.finalize()
        }
        #expect(output([[1, 2], [3]]) == output([[1], [2, 3]]))
        let long = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        #expect(output([long]) == output([Array(long[..<9_000]), Array(long[9_000..<20_000]), Array(long[20_000...])]))
        #expect(output([long]) != output([Array(long.dropLast())]))
        #expect(output([[1]]) != output([[1]], 201))
        let field = HeaderField(name: "a", value: "b")
        #expect(output([[1]]) != output([[1]], 200, [field]))
        var input = InvocationHasher(method: "GET", url: "u", headers: [])
        [UInt8](repeating: 1, count: 1).withUnsafeBytes { input.update($0) }
        #expect(input.finalize() != output([[1]]))
    }
}
