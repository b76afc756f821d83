/// A command that was understood but cannot be carried out; says what was wrong, where, and what to do next.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
