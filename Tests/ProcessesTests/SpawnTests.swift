import Foundation
import Testing

@testable import Processes

@Suite(.timeLimit(.minutes(1))) struct SpawnTests {
    private func shell(_ script: String, limit: Int = 100) throws -> (status: Int32, errors: String) {
        let (status, errors) = try Spawn.run(["/bin/sh", "-c", script], limit: limit)
        return (status, String(decoding: errors, as: UTF8.self))
    }

    @Test func codesSignalsAndWords() throws {
        #expect(try shell("exit 3") == (3, ""))
        #expect(try shell("kill -TERM $$").status == 128 + SIGTERM)
        #expect(try shell("printf good; printf bad >&2") == (0, "bad"))
    }

    @Test("Of what it writes as much is kept as wanted, and it can write all of it")
    func limit() throws {
        #expect(try shell("printf 12345 >&2", limit: 5) == (0, "12345"))
        #expect(try shell("printf 123456 >&2", limit: 5) == (0, "12345"))
        let much = try shell("head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 7", limit: 5)
        #expect(much == (7, "xxxxx"))
    }

    @Test func whatCannotBeStartedIsNamed() {
        do throws(Spawn.Failure) {
            _ = try Spawn.run(["/no/such/program"], limit: 0)
        } catch {
            #expect(error.description.contains("/no/such/program cannot be started"))
        }
    }

    @Test("A program has the descriptors that it is given, /dev/null for the others, and none of this process's")
    func descriptors() throws {
        let mine = open("/dev/zero", O_RDONLY)
        defer { close(mine) }
        let seen = try shell("ls -l /proc/$$/fd | sed -n 's/.* \\([0-9]*\\) -> \\(.*\\)/\\1=\\2/p' >&2", limit: 4_000)
        let files = seen.errors.split(separator: "\n").map(String.init)
        #expect(files.contains("0=/dev/null") && files.contains("1=/dev/null"))
        #expect(files.count { $0.hasPrefix("2=pipe:") } == 1 && files.count == 3, "\(files)")
    }

    @Test("A descriptor that is closed starts no program with another one in its place")
    func closedDescriptor() {
        #expect(throws: Spawn.Failure.self) { try Spawn.start(["/bin/true"], descriptors: [-1]) }
    }
}
