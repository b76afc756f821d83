public import Foundation

/// An invocation that is to be recorded: `POST /api/v1/names/<name>/recordings`, signed by the owner.
public struct InvocationRequest: Codable, Sendable, Equatable {
    /// A header line.
    public struct Field: Codable, Sendable, Equatable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Header lines at most.
    public static let maxHeaders = 256
    /// The longest method or header, in bytes.
    public static let maxFieldBytes = 16 << 10

    /// The release that runs; nil for the one that is live.
    public var release: String?
    /// In capitals.
    public var method: String
    /// Absolute, as the function sees it.
    public var url: String
    public var headers: [Field]
    public var body: Data

    public init(release: String? = nil, method: String, url: String, headers: [Field] = [], body: Data = Data()) {
        self.release = release
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// Whether all parts are within their bounds.
    public var isWithinLimits: Bool {
        let longest = headers.reduce(max(method.utf8.count, url.utf8.count)) {
            max($0, $1.name.utf8.count, $1.value.utf8.count)
        }
        return headers.count <= InvocationRequest.maxHeaders && longest <= InvocationRequest.maxFieldBytes
            && !method.isEmpty && !url.isEmpty
    }
}

/// An invocation that was recorded.
public struct RecordingAnswer: Codable, Sendable, Equatable {
    /// The bytes of a `.skrec` file, signed by the node. The reader checks them.
    public var file: Data
    /// The id of the invocation's receipt on the node.
    public var receipt: String
    /// The output's hash, 64 hexadecimal digits.
    public var outputHash: String

    public init(file: Data, receipt: String, outputHash: String) {
        self.file = file
        self.receipt = receipt
        self.outputHash = outputHash
    }
}

/// What came of a recording that was run again: `POST /api/v1/replays` with the file's bytes, signed.
public struct ReplayAnswer: Codable, Sendable, Equatable {
    /// The node that ran it again.
    public var node: String
    /// The node that recorded it.
    public var recordedBy: String
    public var isEqual: Bool
    /// The first thing that the function did differently.
    public var difference: String?
    /// 64 hexadecimal digits, as the next.
    public var recordedOutputHash: String
    /// Nil if the replay did not come that far.
    public var outputHash: String?

    public init(
        node: String, recordedBy: String, isEqual: Bool, difference: String?, recordedOutputHash: String,
        outputHash: String?
    ) {
        self.node = node
        self.recordedBy = recordedBy
        self.isEqual = isEqual
        self.difference = difference
        self.recordedOutputHash = recordedOutputHash
        self.outputHash = outputHash
    }
}

/// A receipt as a node keeps it: `GET /api/v1/receipts/<id>`.
public struct ReceiptAnswer: Codable, Sendable, Equatable {
    /// The bytes of a signed receipt. The reader checks them.
    public var receipt: Data

    public init(receipt: Data) { self.receipt = receipt }
}
