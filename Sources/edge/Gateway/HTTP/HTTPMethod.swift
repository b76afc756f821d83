/// The methods that a resource can have here.
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

    // Of WebDAV and its relatives, and of UPnP, as registered with the IANA: some origins and machines know them.
    case acl = "ACL"
    case bind = "BIND"
    case checkout = "CHECKOUT"
    case copy = "COPY"
    case findProperties = "PROPFIND"
    case link = "LINK"
    case lock = "LOCK"
    case makeActivity = "MKACTIVITY"
    case makeCalendar = "MKCALENDAR"
    case makeCollection = "MKCOL"
    case merge = "MERGE"
    case move = "MOVE"
    case multicastSearch = "M-SEARCH"
    case notify = "NOTIFY"
    case patchProperties = "PROPPATCH"
    case rebind = "REBIND"
    case report = "REPORT"
    case search = "SEARCH"
    case subscribe = "SUBSCRIBE"
    case unbind = "UNBIND"
    case unlink = "UNLINK"
    case unlock = "UNLOCK"
    case unsubscribe = "UNSUBSCRIBE"

    /// Whether everything that answers here has to know it.
    var isGeneral: Bool {
        switch self {
        case .get, .head, .post, .put, .patch, .delete, .options: true
        default: false
        }
    }
}
