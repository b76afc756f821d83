import HTTPCache
import NIOCore
import Origins
import Streams
import Synchronization
import Testing

@testable import EdgeCache

/// The cache from outside: requests on one side, an origin on the other.
@Suite("What the RFCs want of a shared cache")
struct ConformanceTests {
    /// Answers a case's requests, each with bytes of its own.
    private final class Script: Sendable {
        private let state = Mutex((step: CaseStep(), index: 0))

        func begin(_ step: CaseStep, _ index: Int) { state.withLock { $0 = (step, index) } }

        static func body(_ index: Int) -> [UInt8] { Array("body \(index)".utf8) }

        func answer(_ request: OriginRequest) throws -> OriginResponse {
            let (step, index) = state.withLock { $0 }
            if step.trouble != nil { throw OriginError(.unreachable, "The connection broke") }
            var fields = step.says
            if step.expects == .validated {
                let isAsked = request.fields["if-none-match"] != nil || request.fields["if-modified-since"] != nil
                guard isAsked else { throw OriginError(.badResponse, "There is no condition") }
                return TestOrigin.answer([], status: 304, fields)
            }
            let body = [204, 304].contains(step.status) ? [] : Self.body(index)
            if fields["date"] == nil { fields.add("date", CacheDate.text(seconds: TestClock.start / 1_000)) }
            return TestOrigin.answer(body, status: step.status, fields)
        }
    }

    @Test(arguments: conformanceCases)
    func conforms(_ example: ConformanceCase) async throws {
        let script = Script()
        let scene = try Scene(origin: TestOrigin { try script.answer($0) })
        // What a stored answer's bytes are: those of the request that brought them.
        var brought: [[UInt8]] = []
        for (index, step) in example.steps.enumerated() {
            let place = Comment(rawValue: "\(example.name), request \(index + 1)")
            scene.wait(seconds: step.after)
            script.begin(step, index)
            let before = scene.origin.requests.count
            if step.expects == .fails {
                await #expect(throws: (any Error).self, place) {
                    _ = try await scene.get(step.path, method: step.method, step.asks)
                }
                continue
            }
            let got = try await scene.get(step.path, method: step.method, step.asks)
            let isAsked = scene.origin.requests.count > before
            switch step.expects {
            case .fetched:
                #expect(isAsked && got.status == step.gets ?? step.status, place)
                if step.method != "HEAD", step.status != 204 { #expect(got.body == Script.body(index), place) }
                brought.append(got.body)
            case .cached, .validated:
                // A failing origin is asked, and so is one in the background.
                let mayAsk = step.expects == .validated || step.trouble != nil || step.status >= 500
                if !mayAsk, got.cache != "stale" { #expect(!isAsked, place) }
                if step.expects == .validated { #expect(isAsked, place) }
                #expect(got.status == step.gets ?? 200, place)
                if got.status == 200 { #expect(brought.contains(got.body), place) }
            case .fails: break
            }
            for (name, value) in step.fields {
                #expect(got.field(name) ?? "" == value, "\(place.rawValue): \(name)")
            }
            try await scene.settled()
        }
        await scene.close()
    }
}
