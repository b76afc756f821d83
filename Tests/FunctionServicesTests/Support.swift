import Foundation
import Functions
import Logging
import NIOCore
import Outbound
import Testing

@testable import FunctionServices

let testVersion = FunctionVersion(tenant: "owner/app", release: "r1")

func makeCall(
    _ name: String, _ argument: String, body: FunctionBody = .bytes(ByteBuffer()), requestID: String = "request",
    trace: String? = nil, version: FunctionVersion = testVersion
) -> HostCall {
    HostCall(version: version, requestID: requestID, trace: trace, name: name, argument: argument, body: body)
}

func makeCall(_ name: String, _ argument: String, bytes: [UInt8], version: FunctionVersion = testVersion) -> HostCall {
    makeCall(name, argument, body: .bytes(ByteBuffer(bytes: bytes)), version: version)
}

/// Bytes from hexadecimal digits; other characters are left out.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

func prefixed(_ parts: [UInt8]...) -> [UInt8] { Array(LengthPrefixed.join(parts).readableBytesView) }

extension HostAnswer {
    /// All bytes of the body.
    func bytes(limit: Int = 64 << 20) async throws -> [UInt8] {
        var all: [UInt8] = []
        for try await part in BodyParts(body) {
            all += part.readableBytesView
            #expect(all.count <= limit)
        }
        return all
    }

    func text() async throws -> String { String(decoding: try await bytes(), as: UTF8.self) }

    /// The value as Foundation's JSON.
    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(value.utf8)) as? [String: Any]) ?? [:]
    }

    /// The first header of a name, in the value of a fetch.
    func header(_ name: String) -> String? {
        (json["headers"] as? [[String]])?.first { $0.first == name }?.last
    }
}

extension HostServices {
    /// All bytes of an answer's body.
    func bytes(_ call: HostCall) async throws -> [UInt8] { try await answer(call).bytes() }
}

/// The error of a call that must fail.
func failure(_ body: () async throws -> some Sendable) async -> HostCallError {
    do {
        let value = try await body()
        Issue.record("there should be an error, not \(value)")
    } catch let error as HostCallError {
        return error
    } catch {
        Issue.record("\(error) is no HostCallError")
    }
    return HostCallError("none", "")
}

/// Waits until something is so, for at most ten seconds.
func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record(what)
            return
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// Services with loopback allowed, closed at the end.
func withServices(
    _ change: (inout HostServices.Settings) -> Void = { _ in }, assets: (any FunctionAssets)? = nil,
    invoker: (any ServiceInvoker)? = nil, keyValues: KVStore? = nil, resolver: (any NameResolver)? = nil,
    _ body: (HostServices) async throws -> Void
) async throws {
    var settings = HostServices.Settings()
    settings.fetch.addresses = AddressGuard(allowed: loopback)
    settings.fetch.extraTrustRoots = [TestCertificate.certificate]
    change(&settings)
    let services = try HostServices(
        settings, assets: assets, invoker: invoker, keyValues: keyValues, resolver: resolver,
        logger: Logger(label: "test"))
    do {
        try await body(services)
    } catch {
        await services.close()
        throw error
    }
    await services.close()
}

let loopback = [AddressBlock("127.0.0.0/8"), AddressBlock("::1")].compactMap { $0 }

/// Names with fixed addresses; asked again, the next ones of the list.
final class FixedNames: NameResolver {
    private let answers: [String: [[IPAddress]]]
    private let asked = Counts()

    init(_ answers: [String: [[String]]]) {
        self.answers = answers.mapValues { $0.map { $0.compactMap { IPAddress($0) } } }
    }

    func addresses(of name: String) async throws -> [IPAddress] {
        guard let list = answers[name], !list.isEmpty else { return [] }
        return list[min(asked.increment(name) - 1, list.count - 1)]
    }

    func count(_ name: String) -> Int { asked[name] }
}
