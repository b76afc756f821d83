/// Why a simulation cannot be run; says which option is wrong and what is allowed.
package struct SimulationError: Error, Equatable, CustomStringConvertible {
    /// What kind of mistake it is; new kinds may appear.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String

        /// An option is outside its range.
        package static let invalidOption = Code(description: "simulator/invalid-option")
        /// Options that are fine alone contradict each other.
        package static let contradiction = Code(description: "simulator/contradiction")
    }

    package var code: Code
    package var message: String

    package var description: String { "\(message) (\(code))" }

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Throws unless `value` lies in `range`; `name` is the option as a person writes it.
    package static func check<Value: Comparable>(
        _ name: String, _ value: Value, in range: ClosedRange<Value>
    ) throws(SimulationError) {
        guard range.contains(value) else {
            throw SimulationError(
                .invalidOption, "\(name) is \(value); choose \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
