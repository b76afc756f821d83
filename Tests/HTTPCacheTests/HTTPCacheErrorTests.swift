import HTTPCache
import Testing

@Suite("Errors of the HTTP cache")
struct HTTPCacheErrorTests {
    @Test("Say their message")
    func message() { #expect("\(HTTPCacheError("broken"))" == "broken") }
}
