public import Functions

/// One function's request to another, by binding.
public struct ServiceRequest: Sendable {
    /// The name of the binding, in the caller's environment.
    public var binding: String
    /// Who calls.
    public var caller: FunctionVersion
    /// The id that the called function's request must have: it tells how deep the chain is, and log lines carry it.
    public var requestID: String
    /// In capitals.
    public var method: String
    /// Absolute.
    public var url: String
    /// Checked header lines, names in lower case.
    public var headers: [(name: String, value: String)]
    /// The request's body.
    public var body: FunctionBody
    /// The caller's W3C trace context, if it has one.
    public var trace: String?
}

extension ServiceRequest {
    /// What a gateway says of a visitor.
    private static let visitorNames: Set<String> = [
        "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip",
    ]

    /// The header lines that an app gets, `<owner>/<name>`: what they say of a visitor is believed within one owner's apps,
    /// and does not come from others'.
    public func headers(for app: String) -> [(name: String, value: String)] {
        let isOwn = app.prefix { $0 != "/" } == caller.tenant.prefix { $0 != "/" }
        return isOwn ? headers : headers.filter { !ServiceRequest.visitorNames.contains($0.name) }
    }
}

/// Another function's answer.
public struct ServiceResponse: Sendable {
    /// 200 to 599.
    public var status: Int
    /// Header lines.
    public var headers: [(name: String, value: String)]
    /// The answer's body.
    public var body: FunctionBody

    /// Describes an answer.
    public init(status: Int, headers: [(name: String, value: String)], body: FunctionBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Runs functions for other functions.
public protocol ServiceInvoker: Sendable {
    /// Has the function answer that the caller's binding names.
    ///
    /// Cancelling the task ends the request.
    ///
    /// - Throws: ``HostCallError`` `service/unknown` if the caller has no such binding; ``FunctionError`` if the other
    ///   function fails.
    func answer(_ request: ServiceRequest) async throws -> ServiceResponse
}
