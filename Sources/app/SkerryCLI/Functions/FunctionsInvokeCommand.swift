import ArgumentParser
import AsyncHTTPClient
import Channels
import Client
import Foundation
import Functions
import Ledger
import NIOCore
import NIOHTTP1

struct FunctionsInvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke", abstract: "Call a function through a node's gateway and print the answer's body.",
        discussion: """
            The status and the headers go to standard error with --include. The command fails when the status is 500 \
            or more, of which `skerry functions logs` has the reason, and when a node answers that calls no function.

            With --pay a node that runs the function is paid for the call, over its peer port, out of a channel of \
            your account: an open one for compute, or a new one to the node of --node, or to one on this machine. What \
            it cost goes to standard error. Only one command at a time may use a channel.
            """)

    @Argument(help: "The function's name.", transform: AppName.argument)
    var name: AppName

    @Option(help: "The HTTP method. Default: GET, or POST with --body.")
    var method: String?

    @Option(help: ArgumentHelp("A header; may be repeated.", valueName: "name: value"))
    var header: [String] = []

    @Option(
        name: [.customLong("body"), .customLong("data")],
        help: ArgumentHelp("The body, or @file for a file's bytes, or @- for standard input.", valueName: "text"))
    var body: String?

    @Option(help: "Path and query; what URLs cannot have is percent-encoded.", transform: AppRequest.path)
    var path = "/"

    @Flag(name: .shortAndLong, help: "Print the status and the headers too.")
    var include = false

    @Option(help: "The node: its number, the beginning of its id, or its control URL. Default: the first that runs.")
    var node: String?

    @Flag(help: "Pay for the call out of a payment channel; see above.")
    var pay = false

    @Option(help: "With --pay: units of money that the call may cost at most.")
    var maxPrice: UInt64 = 1_000

    @Option(help: "With --pay: units of gas of a channel that is opened because none is open.")
    var units: UInt64 = 1_000

    @OptionGroup var account: AccountOption

    @Option(
        help: ArgumentHelp("The data folder of the network, which other commands call --data.", valueName: "folder"),
        completion: .directory)
    var network: String?

    /// The node, as other commands have it: here `--data` is the body too, as people know it from other tools.
    private var nodeOption: NodeOption {
        var data = DataOption()
        data.data = network
        data.json = false
        var option = NodeOption()
        option.data = data
        option.node = node
        return option
    }

    func validate() throws {
        for line in header where !line.contains(":") {
            throw ValidationError("--header \"\(line)\" has no colon; write it as name: value")
        }
        guard (64...PayerChain.maxUnits).contains(units) else {
            throw ValidationError("--units is 64 to \(PayerChain.maxUnits): nodes take no smaller channel")
        }
    }

    func run() async throws {
        let method = method?.uppercased() ?? (body == nil ? "GET" : "POST")
        let fields = header.map { line -> (name: String, value: String) in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
        let content = try body.map { ByteBuffer(bytes: try FunctionsInvokeCommand.bytes($0)) }
        if pay {
            let request = PayingCaller.Request(
                app: name, method: method, path: path, headers: fields, body: content.map { .bytes($0) } ?? .empty,
                timeout: .seconds(600))
            return try await PaidInvocation(node: nodeOption, account: account, maxPrice: maxPrice, units: units)
                .run(request, isShown: include)
        }
        let gateway = try await nodeOption.gateway()
        var request = AppRequest(name: name, gateway: gateway, path: path).request
        request.method = .init(rawValue: method)
        for (name, value) in fields { request.headers.add(name: name, value: value) }
        if let content { request.body = .bytes(content) }
        let start = ContinuousClock.now
        let response: HTTPClientResponse
        do { response = try await NodeClient.connections.execute(request, timeout: .minutes(10)) } catch {
            throw CommandError(
                "The gateway at \(gateway) does not answer (\(SystemFailure.reason(error))); look at `skerry status`")
        }
        if include {
            Terminal.note("\(response.status.code) \(response.status.reasonPhrase), \(Human.seconds(.now - start))")
            for (name, value) in response.headers { Terminal.note("\(name): \(value)") }
            Terminal.note("")
        }
        for try await part in response.body { Terminal.write(bytes: part.readableBytesView) }
        // With a code it is the node that answered, and no function.
        let code = response.headers.first(name: "skerry-error")
        guard code == nil || response.status.code >= 500 else {
            throw CommandError("The node called no function: \(code ?? ""); what it said stands above")
        }
        guard response.status.code < 500 else {
            throw CommandError(
                "The function failed: \(code ?? "\(response.status.code)"); `skerry functions logs \(name)` says more")
        }
    }

    /// The longest body: more than a function takes, but other parts of an app take more.
    private static let maxBodyBytes = 64 << 20

    /// A body as it is written on a command line.
    static func bytes(_ text: String) throws -> Data {
        guard text.hasPrefix("@") else { return Data(text.utf8) }
        return try CommandInput.read(String(text.dropFirst()), maxBytes: maxBodyBytes)
    }
}

/// A request for an app at a gateway that is reached by its address.
struct AppRequest {
    let request: HTTPClientRequest

    init(name: AppName, gateway: String, path: String) {
        let port = gateway.split(separator: ":").last.flatMap { Int($0) } ?? 80
        var request = HTTPClientRequest(url: gateway + path)
        request.headers.add(name: "host", value: "\(name).localhost:\(port)")
        request.headers.add(name: "user-agent", value: "skerry")
        self.request = request
    }

    /// Path and query as URLs carry them: spaces and the like that people type stand percent-encoded.
    static func path(_ text: String) throws -> String {
        guard text.hasPrefix("/") else { throw ValidationError("a path begins with /") }
        let origin = "http://localhost"
        guard let url = URL(string: origin + text)?.absoluteString, url.hasPrefix(origin + "/") else {
            throw ValidationError("this is no path of a URL; write unusual characters percent-encoded, such as %20")
        }
        return String(url.dropFirst(origin.count).prefix { $0 != "#" })
    }

    /// Asks once and measures the time to the answer's head.
    ///
    /// - Returns: Nil if nobody answered within `timeout`.
    func measure(timeout: Duration) async -> (status: Int, error: String?, time: Duration)? {
        let start = ContinuousClock.now
        guard
            let response = try? await NodeClient.connections.execute(
                request, timeout: .milliseconds(Int64(timeout / .milliseconds(1))))
        else { return nil }
        return (Int(response.status.code), response.headers.first(name: "skerry-error"), .now - start)
    }
}
