/// How to ask the origin, and what its answer is good for.
public struct ForwardPlan: Sendable, Equatable {
    /// Why the cache does not answer (RFC 9211 section 2.2).
    public enum Reason: String, Sendable {
        /// The cache was told not to handle the request.
        case bypass
        /// The method has no stored responses.
        case method
        /// Nothing is stored for the URL.
        case uriMiss = "uri-miss"
        /// What is stored for the URL was selected by other fields.
        case varyMiss = "vary-miss"
        /// Nothing that is stored can be used.
        case miss
        /// The request asks for it.
        case request
        /// What is stored is stale.
        case stale
        /// Only a part of what is wanted is held.
        case partial
    }

    /// Why the cache does not answer.
    public var reason: Reason
    /// The fields to send: without those of the client's connection, with conditions and ranges as they are to be.
    public var fields: CacheFields
    /// The record that the request asks about, that 304 updates, that a part completes, and that may serve if the origin
    /// fails; nil if there is none.
    public var stored: StoredResponse?
    /// Whether the conditions in `fields` are the cache's own: then 304 is for the cache and not for the client.
    public var isValidation: Bool
    /// Ranges that are missing in `stored` and that `fields` ask for; empty if the request is not a completion.
    public var missing: [Range<Int64>] = []
    /// Whether other requests for the same key may wait for the response instead of going to the origin themselves.
    public var mayCollapse: Bool
}
