import Testing

@testable import Gateway

@Suite("Trace context")
struct TraceContextTests {
    static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

    @Test("A client's trace goes on, with a span of our own and its choice of sampling")
    func goesOn() {
        let trace = TraceContext(parent: Self.parent)
        #expect(trace.header == "00-0af7651916cd43dd8448eb211c80319c-\(trace.span)-00")
        #expect(trace.span != "b7ad6b7169203331" && trace.span.count == 16)
    }

    @Test("What is no trace context begins a new trace")
    func begins() {
        let wrong = [
            nil, "", "x", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-00",
            "00-00000000000000000000000000000000-b7ad6b7169203331-00",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-00",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", Self.parent + "-00",
        ]
        for parent in wrong {
            let trace = TraceContext(parent: parent)
            let parts = trace.header.split(separator: "-")
            #expect(parts.map(\.count) == [2, 32, 16, 2] && parts[0] == "00" && parts[3] == "01", "\(parent ?? "nil")")
            #expect(parts[2] == trace.span)
            #expect(parts[1] != "0af7651916cd43dd8448eb211c80319c")
            #expect(TraceContext(parent: trace.header).header.hasPrefix("00-\(parts[1])-"))
        }
    }
}
