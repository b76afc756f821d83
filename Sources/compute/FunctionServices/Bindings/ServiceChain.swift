/// How deep a request is in a chain of functions that call each other: told by its id.
///
/// The called request's id is the caller's with `/` and a number behind it. Ids come from the node, not from the
/// function, so a function cannot pretend to be at the beginning of a chain. A `/` in the id that a visitor sent only
/// shortens the chain.
enum ServiceChain {
    /// Functions that may call each other in a row, the first one not counted.
    static let maxDepth = 8
    /// Longest id.
    static let maxIDBytes = 256

    /// How many functions have called to get here.
    static func depth(of requestID: String) -> Int { requestID.utf8.count { $0 == UInt8(ascii: "/") } }

    /// The id of a request that this one makes; nil if the chain ends here, or if there is no request.
    static func next(after requestID: String, number: UInt64) -> String? {
        guard !requestID.isEmpty, depth(of: requestID) < maxDepth else { return nil }
        let next = "\(requestID)/\(number)"
        return next.utf8.count <= maxIDBytes ? next : nil
    }
}
