/// One HTTP header line as it crosses the worker's socket: the name as it was written, the value as text.
public struct HeaderField: Hashable, Sendable {
    /// The field name, at most ``WireLimits/maxHeaderBytes`` bytes of UTF-8.
    public var name: String
    /// The field value without surrounding white space.
    public var value: String

    /// Joins a name and a value; nothing is checked here, the engine and the gateway do that.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
