import Foundation
import Logging
import NIOCore
import Outbound
import Streams
import Testing

@testable import Origins

let loopbackGuard = AddressGuard(allowed: [AddressBlock("127.0.0.0/8"), AddressBlock("::1")].compactMap { $0 })

/// A client that may reach loopback, closed at the end.
func withClient<Value>(
    _ change: (inout OriginClient.Settings) -> Void = { _ in }, resolver: (any NameResolver)? = nil,
    clock: (@Sendable () -> Int64)? = nil, _ body: (OriginClient) async throws -> Value
) async throws -> Value {
    var settings = OriginClient.Settings()
    settings.addresses = loopbackGuard
    change(&settings)
    let client = try OriginClient(settings, resolver: resolver, clock: clock, logger: Logger(label: "test"))
    let result: Result<Value, any Error>
    do { result = .success(try await body(client)) } catch { result = .failure(error) }
    await client.close()
    return try result.get()
}

/// The error of a body that must fail.
func originError(_ body: () async throws -> some Sendable) async -> OriginError? {
    do {
        let value = try await body()
        Issue.record("there should be an error, not \(value)")
        return nil
    } catch {
        let known = error as? OriginError
        if known == nil { Issue.record("\(error) is no OriginError") }
        return known
    }
}

extension OriginResponse {
    func bytes(limit: Int = 64 << 20) async throws -> [UInt8] {
        Array(try await body.collect(limit: limit).readableBytesView)
    }

    func text() async throws -> String { String(decoding: try await bytes(), as: UTF8.self) }
}

/// Waits until something is so.
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

/// Names with fixed addresses; asked again, the next ones of the list.
final class FixedNames: NameResolver {
    private let answers: [String: [String]]

    init(_ answers: [String: [String]]) { self.answers = answers }

    func addresses(of name: String) async throws -> [IPAddress] {
        (answers[name] ?? []).compactMap { IPAddress($0) }
    }
}

/// A generator whose numbers are the same in each run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 31
    }
}
