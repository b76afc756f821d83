import Functions
import NIOCore
import Outbound
import Synchronization

/// Answers `service`: requests of functions to other functions.
///
/// The argument is that of `fetch` and `"binding"`; so is the value. Redirects are not followed: the answer is the result.
final class ServiceCalls: Sendable {
    struct Argument: Decodable, Sendable {
        var binding: String
        var url: String
        var method: String?
        var headers: [[String]]?
        var hasBody: Bool?
    }

    private let invoker: (any ServiceInvoker)?
    private let calls = Atomic<UInt64>(0)

    init(_ invoker: (any ServiceInvoker)?) { self.invoker = invoker }

    func answer(_ call: HostCall) async throws -> HostAnswer {
        let argument = try CallArgument.decode(Argument.self, of: call)
        guard let invoker else {
            throw HostCallError("service/unknown", "This node runs no functions for other functions")
        }
        let number = calls.wrappingAdd(1, ordering: .relaxed).newValue
        guard let id = ServiceChain.next(after: call.requestID, number: number) else {
            throw HostCallError(
                "service/depth",
                "Functions may call each other \(ServiceChain.maxDepth) deep, and only for a request; does a "
                    + "chain of them lead back to its beginning?")
        }
        let response = try await answer(of: invoker, to: try request(argument, call, id))
        let value = FetchValue(
            url: argument.url, redirected: false, status: response.status, statusText: "",
            headers: response.headers.map { [$0.name, $0.value] })
        return HostAnswer(value: try CallArgument.encode(value), body: response.body)
    }

    private func answer(of invoker: any ServiceInvoker, to request: ServiceRequest) async throws -> ServiceResponse {
        do {
            return try await invoker.answer(request)
        } catch let error as FunctionError {
            // The other app may be another owner's: what it throws is for its own log.
            let reason = error.code == .exception ? "it threw an exception" : error.message
            throw HostCallError(error.code.rawValue, "\(request.binding) failed: \(reason)")
        }
    }

    private func request(_ argument: Argument, _ call: HostCall, _ id: String) throws -> ServiceRequest {
        do {
            // The same rules as for requests that go out: nothing may be smuggled into another tenant's function.
            let url = try HTTPURL(argument.url)
            guard let method = FetchHeaders.method(argument.method ?? "GET") else {
                throw FetchHeaders.Refused(isLimit: false, description: "the method is none")
            }
            let pairs = try (argument.headers ?? []).map { pair in
                guard pair.count == 2 else {
                    throw FetchHeaders.Refused(isLimit: false, description: "a header is not a pair of name and value")
                }
                return (name: pair[0], value: pair[1])
            }
            let headers = try FetchHeaders.outgoing(pairs).map { (name: $0.name, value: $0.value) }
            return ServiceRequest(
                binding: argument.binding, caller: call.version, requestID: id, method: method, url: url.description,
                headers: headers, body: argument.hasBody == false ? .empty : call.body,
                trace: call.trace)
        } catch let error as HTTPURL.Malformed {
            throw HostCallError("service/request", error.description)
        } catch let error as FetchHeaders.Refused {
            throw HostCallError("service/request", error.description)
        }
    }
}
