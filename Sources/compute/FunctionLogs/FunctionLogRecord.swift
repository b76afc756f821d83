/// One line of what functions wrote, or one answered request.
public struct FunctionLogRecord: Codable, Sendable, Equatable {
    /// What the record is about.
    public enum Kind: String, Codable, Sendable {
        /// A line on the console, or an exception that nobody caught.
        case line
        /// A request that ended, well or not.
        case outcome
        /// Lines that were left out because too many came at once.
        case gap
    }

    /// How loud a line is; requests that failed are errors.
    public enum Level: String, Codable, Sendable, CaseIterable, Comparable {
        case debug, info, warning, error

        public static func < (left: Self, right: Self) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    /// Orders the app's records on one node: greater than that of every record before, restarts included. It begins
    /// with the microseconds since 1970 at which the node began to count.
    public var sequence: UInt64 = 0
    /// Milliseconds since 1970 UTC.
    public var time: Int64
    public var kind: Kind
    public var level: Level
    /// The release that ran.
    public var release: String
    /// The request's id; nil for what belongs to none.
    public var request: String?
    /// The line, the failure's message, or how many lines are missing.
    public var text: String
    /// For an outcome: what was asked for.
    public var method: String?
    public var url: String?
    /// The status of the answer; nil if there was none.
    public var status: Int?
    /// Why there was no answer.
    public var code: String?
    /// Microseconds from call to answer.
    public var wallMicroseconds: Int64?
    /// Microseconds of CPU time, as far as they are known.
    public var cpuMicroseconds: Int64?

    public init(time: Int64, kind: Kind, level: Level, release: String, request: String? = nil, text: String) {
        self.time = time
        self.kind = kind
        self.level = level
        self.release = release
        self.request = request
        self.text = text
    }
}
