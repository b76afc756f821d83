/// The methods that a resource of this network can have.
///
/// CONNECT and TRACE are left out: the gateway is no proxy, and TRACE gives scripts what they should not see.
public enum HTTPMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"
}
