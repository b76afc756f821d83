import AsyncHTTPClient
public import Foundation
public import NIOCore
import NIOHTTP1
import NIOSSL
import Outbound

/// Reaches a certificate authority over HTTPS.
public struct HTTPTransport: ACMETransport {
    private static let agent = "skerry-acme/1"
    private static let fields = ["replay-nonce", "location", "retry-after", "content-type"]
    private static let timeout = TimeAmount.seconds(30)

    private let client: HTTPClient

    /// Close it when it is used no more.
    ///
    /// - Parameter roots: A file with PEM certificates that replace the system's, for an authority of one's own.
    public init(roots: String?, group: any EventLoopGroup) {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let roots { tls.trustRoots = .file(roots) }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(10)
        configuration.refuseImpossibleStatuses()
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    /// Ends its connections.
    public func close() async { try? await client.shutdown() }

    public func send(_ url: String, body: Data?, headOnly: Bool) async throws -> ACMEAnswer {
        guard url.hasPrefix("https://"), url.utf8.count <= ACMELimits.maxURLBytes else {
            throw CertificateError(
                .authorityRefused, "The certificate authority names \"\(url.prefix(200))\", which is no HTTPS URL")
        }
        var request = HTTPClientRequest(url: url)
        request.method = body != nil ? .POST : headOnly ? .HEAD : .GET
        request.headers.add(name: "user-agent", value: HTTPTransport.agent)
        if let body {
            request.headers.add(name: "content-type", value: "application/jose+json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        do {
            let response = try await client.execute(request, timeout: HTTPTransport.timeout)
            let bytes = try await response.body.collect(upTo: ACMELimits.maxAnswerBytes)
            var fields: [String: String] = [:]
            for name in HTTPTransport.fields { fields[name] = response.headers.first(name: name) }
            return ACMEAnswer(status: Int(response.status.code), fields: fields, body: Data(bytes.readableBytesView))
        } catch {
            try Task.checkCancellation()
            throw CertificateError(
                .authorityUnreachable, "The certificate authority at \(url.prefix(200)) cannot be reached: \(error)")
        }
    }
}
