import Foundation
import Functions
import Testing

/// A function of JavaScript, and what it answers as JSON.
struct Check {
    let name: String
    let code: String
    let expected: String

    /// `expected` may be broken into lines anywhere but at spaces.
    init(_ name: String, _ code: String, _ expected: String) {
        self.name = name
        self.code = code
        self.expected = expected.split(separator: "\n").joined()
    }
}

/// Runs checks one after the other in one worker, and expects what they say.
func expectChecks(
    _ checks: [Check], helpers: String = "", host: (any FunctionHost)? = nil, worker: String = PoolFixture.workerPath
) async throws {
    var settings = PoolFixture.settings
    settings.workerPath = worker
    settings.cpuLimit = .seconds(5)
    try await withPool(settings, host: host) { (fixture: PoolFixture) async throws -> Void in
        let list = checks.map { "(\($0.code))" }.joined(separator: ",\n")
        let module = """
            \(helpers)
            const checks = [\(list)];
            const limit = () => new Promise((done) => setTimeout(() => done('it did not end'), 5000));
            const run = async (check) => {
              try { return JSON.stringify(await Promise.race([check(), limit()])) ?? 'undefined' }
              catch (error) { return `${error?.name}: ${error?.message}\\n${error?.stack}` }
            };
            export default { async fetch() {
              const answers = [];
              for (const check of checks) answers.push(await run(check));
              return Response.json(answers);
            } };
            """
        let answers = try JSONAnswers(await fixture.call(module).text)
        #expect(answers.list.count == checks.count)
        for (check, answer) in zip(checks, answers.list) {
            #expect(answer == check.expected, "\(check.name)")
        }
    }
}

/// A JSON list of texts.
struct JSONAnswers {
    let list: [String]

    init(_ text: String) throws { list = try JSONDecoder().decode([String].self, from: Data(text.utf8)) }
}
