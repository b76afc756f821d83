import ArgumentParser

/// Shares of the visitors, one after the other: `1,10,50,100`.
struct RolloutSteps: Equatable {
    /// Steps at most.
    static let maxCount = 20

    /// Rising, 1 to 100.
    let percents: [UInt8]

    /// - Throws: `ValidationError` with what is wrong.
    init(argument: String) throws {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.trimmingPrefix(" ").description }
        percents = try parts.map { part in
            guard let percent = UInt8(part), (1...100).contains(percent) else {
                throw RolloutSteps.refusal("\"\(part.prefix(20))\" is no share from 1 to 100")
            }
            return percent
        }
        guard percents.count <= RolloutSteps.maxCount else {
            throw RolloutSteps.refusal("there are \(percents.count) steps, and at most \(RolloutSteps.maxCount)")
        }
        for (before, after) in zip(percents, percents.dropFirst()) where before >= after {
            throw RolloutSteps.refusal("\(after) is not above the \(before) before it")
        }
    }

    private static func refusal(_ reason: String) -> ValidationError {
        ValidationError("\(reason); write shares that rise, such as 1,10,50,100")
    }
}
