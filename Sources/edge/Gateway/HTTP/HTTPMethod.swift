/// The methods that a resource of this network can have.
///
/// CONNECT and TRACE are left out: the gateway is no proxy, and TRACE gives scripts what they should not see.
public enum HTTPMethod: String, Sendable, CaseIterable {
    /// GET
    case get = "GET"
    /// HEAD
    case head = "HEAD"
    /// POST
    case post = "POST"
    /// PUT
    case put = "PUT"
    /// PATCH
    case patch = "PATCH"
    /// DELETE
    case delete = "DELETE"
    /// OPTIONS
    case options = "OPTIONS"
}
