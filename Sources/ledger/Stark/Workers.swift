internal import CStark

/// Threads for loops whose rounds do not depend on each other.
package struct Workers: Sendable {
    package let threads: Int
    let niceness: Int
    let control: ProverControl?

    init(_ options: ProverOptions) {
        threads = min(max(options.threads, 1), 256)
        niceness = min(max(options.niceness, 0), 19)
        control = options.control
    }

    /// Calls `body` for 0 to `count` − 1, from several threads; returns when all calls have.
    ///
    /// Throws when the prover was cancelled meanwhile: then some calls were left out.
    package func forEach(_ count: Int, _ body: (Int) -> Void) throws(StarkError) {
        guard count > 0 else { return }
        let stopped = withoutActuallyEscaping(body) { body in
            let work = Work(body: body, control: control)
            return withExtendedLifetime(work) {
                skerry_stark_parallel(
                    CInt(threads), CInt(niceness), count,
                    { context, index in
                        guard let context else { return 1 }
                        let work = Unmanaged<Work>.fromOpaque(context).takeUnretainedValue()
                        if work.control?.isCancelled == true { return 1 }
                        work.body(index)
                        return 0
                    }, Unmanaged.passUnretained(work).toOpaque())
            }
        }
        if stopped != 0 { throw StarkError(.cancelled, "the prover was told to stop; ask again for another proof") }
    }

    /// Calls `body` for pieces of 0..<`count` whose limits are multiples of `step`.
    package func forEachPiece(of count: Int, step: Int, _ body: (Range<Int>) -> Void) throws(StarkError) {
        let steps = (count + step - 1) / step
        // Enough pieces to even out what other processes take, few enough that their begin costs nothing.
        let pieces = min(steps, 16 * threads)
        guard pieces > 0 else { return }
        try forEach(pieces) { piece in
            let lower = steps * piece / pieces * step
            let upper = min(count, steps * (piece + 1) / pieces * step)
            if lower < upper { body(lower..<upper) }
        }
    }

    private final class Work {
        let body: (Int) -> Void
        let control: ProverControl?
        init(body: @escaping (Int) -> Void, control: ProverControl?) {
            self.body = body
            self.control = control
        }
    }
}
