/// Why a benchmark ended without figures: a wrong result, or a machine that cannot run it. Slowness is no reason.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
