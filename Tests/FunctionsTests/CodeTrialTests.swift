import Functions
import NIOCore
import Testing

/// Loads code with the real worker program.
@Suite("Code that is tried before it is deployed") struct CodeTrialTests {
    private static func verdict(
        _ module: String, cpu: Duration = .seconds(2), workerPath: String = PoolFixture.workerPath
    ) async throws -> CodeTrial.Verdict {
        let script = try ModuleScript(module: module, fileName: "main.js").script
        return await CodeTrial.run(
            FunctionCode(script: ByteBuffer(string: script), fileName: "main.js"),
            limits: FunctionLimits(cpu: cpu, memoryBytes: 128 << 20), workerPath: workerPath)
    }

    @Test(
        "What loads says whether it takes schedules",
        arguments: [
            ("export default { fetch() {} };", false), ("export const main = () => ({});", false),
            ("export default { fetch() {}, scheduled() {} };", true), ("export function scheduled() {}", true),
            ("export const main = () => ({});\nexport function scheduled() {}", false),
            ("await new Promise((done) => setTimeout(done, 20));\nexport default { scheduled() {} };", true),
        ])
    func usable(_ module: String, _ takesSchedules: Bool) async throws {
        #expect(try await Self.verdict(module) == .usable(takesSchedules: takesSchedules))
    }

    @Test(
        "What does not load says why",
        arguments: [
            ("throw new RangeError('at the top');\nexport default { fetch() {} };", "RangeError: at the top"),
            ("const x = ;\nexport default { fetch() {} };", "SyntaxError"),
            ("export default { fetch: 1 };", "exports no handler"),
            ("for (;;);\nexport default { fetch() {} };", "CPU time"),
        ])
    func unusable(_ module: String, _ said: String) async throws {
        let verdict = try await Self.verdict(module, cpu: .milliseconds(200))
        guard case .unusable(let message, _) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(message.contains(said), "\(message)")
    }

    @Test("A stack leads to the place")
    func stack() async throws {
        let verdict = try await Self.verdict(
            "export default { fetch() {} };\nfunction boot() {\n  null.x;\n}\nboot();")
        guard case .unusable(_, let stack) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(stack.contains("boot@main.js:3:") && stack.contains("main.js:5:"), "\(stack)")
    }

    @Test("Code that asks for something first, and a worker that is not there, are no verdict")
    func unknown() async throws {
        let asking = try await Self.verdict(
            "await fetch('https://a.example/');\nexport default { fetch() {} };")
        let absent = try await Self.verdict("export default { fetch() {} };", workerPath: "/nonexistent/skerry-worker")
        for verdict in [asking, absent] {
            guard case .unknown = verdict else {
                Issue.record("\(verdict)")
                continue
            }
        }
    }
}
