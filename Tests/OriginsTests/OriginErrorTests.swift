import Origins
import Testing

@Suite("Errors of origins")
struct OriginErrorTests {
    @Test("Say their kind and message, and which status a visitor gets")
    func message() {
        let error = OriginError(.breakerOpen, "http://a.test failed 5 times", retryAfter: 30)
        #expect("\(error)" == "breaker_open: http://a.test failed 5 times")
        #expect(error.status == 503)
        #expect(OriginError(.badResponse, "").status == 502)
        #expect(OriginError(.timeout, "").status == 504)
        #expect(OriginError(.loop, "").status == 508)
    }
}
