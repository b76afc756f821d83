/// How a stored response answers a request.
public struct ServePlan: Sendable, Equatable {
    /// Why a stale response is used.
    public enum Staleness: Sendable, Equatable {
        /// It is fresh.
        case fresh
        /// The client takes stale responses (RFC 9111 section 5.2.1.2).
        case maxStale
        /// Until it has been validated in the background (RFC 5861 section 3).
        case whileRevalidate
        /// The origin fails (RFC 5861 section 4).
        case ifError
        /// The origin cannot be reached (RFC 9111 section 4.2.4).
        case unreachable
    }

    /// What is sent of it, after the client's conditions and ranges (RFC 9110 sections 13.2 and 14.2).
    public enum Answer: Sendable, Equatable {
        /// Its status, fields and whole body; for HEAD without the body.
        case whole
        /// 206 with these parts of the body, all of them held, half-open; several make a `multipart/byteranges`.
        case partial([Range<Int64>])
        /// 304 without a body.
        case notModified
        /// 416 without a body of the stored response.
        case unsatisfiable
    }

    /// The record that answers.
    public var stored: StoredResponse
    /// Age and freshness at the time of the decision.
    public var freshness: Freshness
    /// Why it may be used if it is stale.
    public var staleness: Staleness
    /// What is sent.
    public var answer: Answer
    /// How to validate it in the background, once for all who wait; nil if that is not to be done.
    public var background: ForwardPlan?
    /// Whether only the head is sent.
    public var isHead: Bool
    /// Whether the origin validated it for this request, so that it is no hit.
    public var wasValidated = false
    /// Why the origin was asked in vain before, so that it is no hit; nil if it was not asked.
    public var forward: ForwardPlan.Reason?
    /// What the origin answered then; nil if it did not.
    public var forwardStatus: Int?
}
