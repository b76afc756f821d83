import Foundation
import Identity
import Logging
import Synchronization
import Testing

@testable import Certificates

final class Missing: Sendable {
    private let seen = Mutex<[String]>([])
    var names: [String] { seen.withLock { $0 } }
    func note(_ name: String) { seen.withLock { $0.append(name) } }
}

private final class Fleet: CertificateFleet {
    struct State {
        var domains: Set<String> = ["a.de"]
        var leads = true
        var elsewhere: CertificateMaterial?
        var shared: [CertificateMaterial] = []
    }
    let state = Mutex(State())
    func domains() -> Set<String> { state.withLock { $0.domains } }
    func leads(_ domain: String) -> Bool { state.withLock { $0.leads } }
    func share(_ material: CertificateMaterial, for domain: String) async {
        state.withLock { $0.shared.append(material) }
    }
    func fetch(_ domain: String) async -> CertificateMaterial? { state.withLock { $0.elsewhere } }
}

private final class Issuer: CertificateIssuing {
    struct State {
        var result: Result<CertificateMaterial, CertificateError>
        var attempts: [Int] = []
        var replaced: [CertificateMaterial?] = []
        var advice: Result<RenewalAdvice?, CertificateError> = .success(nil)
        var questions = 0
    }
    let state: Mutex<State>
    init(_ result: Result<CertificateMaterial, CertificateError>) { state = Mutex(State(result: result)) }
    func issue(_ domain: String, attempt: Int, replacing old: CertificateMaterial?) async throws -> CertificateMaterial
    {
        let result = state.withLock { state in
            state.attempts.append(attempt)
            state.replaced.append(old)
            return state.result
        }
        return try result.get()
    }

    func renewalAdvice(for material: CertificateMaterial) async throws -> RenewalAdvice? {
        let advice = state.withLock { state in
            state.questions += 1
            return state.advice
        }
        return try advice.get()
    }
}

private final class Clock: Sendable {
    private let value: Mutex<Date>
    init(_ date: Date) { value = Mutex(date) }
    var now: Date { value.withLock { $0 } }
    func set(_ date: Date) { value.withLock { $0 = date } }
}

@Suite("Keeping certificates")
struct CertificateKeeperTests {
    private struct Scene {
        let fleet = Fleet()
        let issuer: Issuer
        let book = CertificateBookTests.book()
        let clock: Clock
        let vault: CertificateVault
        let start = Date()

        func keeper(_ issuing: Bool = true) -> CertificateKeeper {
            CertificateKeeper(
                vault: vault, book: book, fleet: fleet, issuer: issuing ? issuer : nil,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), now: { clock.now })
        }

        func answer(_ result: Result<CertificateMaterial, CertificateError>) {
            issuer.state.withLock { $0.result = result }
        }

        var attempts: [Int] { issuer.state.withLock { $0.attempts } }
    }

    /// A certificate of 90 days, made at `now`.
    private static func certificate(_ now: Date = Date(), _ name: String = "a.de") throws -> CertificateMaterial {
        try .selfSigned(for: [name], now: now)
    }

    private func with(_ result: Result<CertificateMaterial, CertificateError>, _ body: (Scene) async throws -> Void)
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("skerry-\(UUID().uuidString)").path
        let scene = Scene(
            issuer: Issuer(result), clock: Clock(Date()),
            vault: try CertificateVault(path: folder, nodeKey: SigningKey()))
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(scene)
    }

    private static let failure = CertificateError(.authorityUnreachable, "away")

    @Test("A new domain gets one, which is kept, given to others, and there after a restart")
    func issued() async throws {
        let material = try CertificateKeeperTests.certificate()
        try await with(.success(material)) { scene in
            let keeper = scene.keeper()
            await keeper.round()
            #expect(scene.book.material(for: "a.de") == material)
            let kept = try scene.vault.certificate(for: "a.de")
            #expect(kept == material)
            #expect(scene.fleet.state.withLock { $0.shared } == [material])
            await keeper.round()
            #expect(scene.attempts == [0])
            scene.book.remove("a.de")
            let restarted = scene.keeper()
            #expect(scene.book.material(for: "a.de") == material)
            await restarted.round()
            #expect(scene.attempts == [0])
        }
    }

    @Test("A failing authority leaves the old one, is tried again later, and the reason is told")
    func failing() async throws {
        let old = try CertificateKeeperTests.certificate()
        try await with(.success(old)) { scene in
            let keeper = scene.keeper()
            await keeper.round()
            scene.answer(.failure(CertificateKeeperTests.failure))
            let due = scene.start + 61 * 86_400
            scene.clock.set(due)
            await keeper.round()
            await keeper.round()
            #expect(scene.attempts == [0, 0] && scene.book.material(for: "a.de") == old)
            let status = await keeper.statuses().first
            #expect(status?.problem == "away" && status?.notAfter == old.notAfter)
            #expect((status?.nextAttempt ?? .distantPast) >= due + 60)
            scene.clock.set(due + 80)
            await keeper.round()
            #expect(scene.attempts == [0, 0, 1])
            // Expired, it is still all there is; then it is replaced.
            scene.clock.set(scene.start + 120 * 86_400)
            await keeper.round()
            #expect(scene.attempts == [0, 0, 1, 2] && scene.book.material(for: "a.de") == old)
            let new = try CertificateKeeperTests.certificate(scene.start + 121 * 86_400)
            scene.answer(.success(new))
            scene.clock.set(scene.start + 121 * 86_400)
            await keeper.round()
            #expect(scene.book.material(for: "a.de") == new)
            #expect(await keeper.statuses().first?.problem == nil)
        }
    }

    @Test("A certificate is renewed when the authority says; one that says nothing is asked again later")
    func advised() async throws {
        let old = try CertificateKeeperTests.certificate()
        try await with(.success(old)) { scene in
            let keeper = scene.keeper()
            scene.issuer.state.withLock { $0.advice = .failure(CertificateKeeperTests.failure) }
            await keeper.round()
            await keeper.round()
            #expect(scene.attempts == [0] && scene.issuer.state.withLock { $0.questions } == 1)
            // It was revoked: at once.
            let past = (scene.start - 60)..<(scene.start - 1)
            scene.issuer.state.withLock { $0.advice = .success(RenewalAdvice(window: past, askAgainSeconds: 60)) }
            scene.clock.set(scene.start + 7 * 3_600)
            let new = try CertificateKeeperTests.certificate(scene.start + 7 * 3_600)
            scene.answer(.success(new))
            await keeper.round()
            #expect(scene.attempts == [0, 0] && scene.book.material(for: "a.de") == new)
            #expect(scene.issuer.state.withLock { $0.replaced } == [nil, old])
        }
    }

    @Test("A node whose turn it is not orders none, and takes what others have")
    func follower() async throws {
        let material = try CertificateKeeperTests.certificate()
        try await with(.success(material)) { scene in
            scene.fleet.state.withLock { $0.leads = false }
            let keeper = scene.keeper()
            await keeper.round()
            #expect(scene.attempts.isEmpty && scene.book.material(for: "a.de") == nil)
            scene.fleet.state.withLock { $0.elsewhere = material }
            await keeper.round()
            #expect(scene.attempts.isEmpty && scene.book.material(for: "a.de") == material)
            let kept = try scene.vault.certificate(for: "a.de")
            #expect(kept == material)
        }
    }

    @Test("A node that leads takes over what another has before it orders")
    func takenOver() async throws {
        let material = try CertificateKeeperTests.certificate()
        try await with(.failure(CertificateKeeperTests.failure)) { scene in
            scene.fleet.state.withLock { $0.elsewhere = material }
            await scene.keeper().round()
            #expect(scene.attempts.isEmpty && scene.book.material(for: "a.de") == material)
        }
    }

    @Test("Nothing is ordered or taken for a domain that is not served, and it goes with its binding")
    func unbound() async throws {
        let material = try CertificateKeeperTests.certificate()
        try await with(.success(material)) { scene in
            let keeper = scene.keeper()
            let other = try CertificateKeeperTests.certificate(Date(), "b.de")
            await #expect(throws: CertificateError.self) { try await keeper.take(other, for: "b.de") }
            await #expect(throws: CertificateError.self) { try await keeper.take(other, for: "a.de") }
            await keeper.round()
            #expect(scene.book.material(for: "b.de") == nil)
            scene.fleet.state.withLock { $0.domains = [] }
            await keeper.round()
            #expect(scene.book.material(for: "a.de") == nil)
            let kept = try scene.vault.certificate(for: "a.de")
            #expect(kept == material, "a proof may be out of sight for a moment")
            await keeper.forget(except: [])
            let left = try scene.vault.certificate(for: "a.de")
            #expect(left == nil)
        }
    }

    @Test("Only what lives longer replaces what is there")
    func older() async throws {
        let now = Date()
        let (old, new) = (
            try CertificateKeeperTests.certificate(now - 86_400), try CertificateKeeperTests.certificate(now)
        )
        try await with(.success(new)) { scene in
            let keeper = scene.keeper()
            let isNew = try await keeper.take(new, for: "a.de")
            let isOld = try await keeper.take(old, for: "a.de")
            #expect(isNew && !isOld)
            #expect(scene.book.material(for: "a.de") == new)
        }
    }
}
