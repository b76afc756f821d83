import DevServer
import Testing

@Suite("Texts for this machine")
struct DevVarsTests {
    @Test("Lines with and without quotes")
    func lines() throws {
        let vars = try DevVars.parse(
            "# secret\n\nA=1\r\n B = two words \nC=\"x\\n\\\"y\\\" \\\\ \\d\"\nD='a\\n'\nE=\nF=a=b#c")
        #expect(
            vars == ["A": "1", "B": "two words", "C": "x\n\"y\" \\ \\d", "D": "a\\n", "E": "", "F": "a=b#c"])
    }

    @Test(
        "What is wrong is said where it is",
        arguments: [
            ("A", "1:1", "NAME=value"), ("A=1\n  B", "2:3", "NAME=value"), ("1A=x", "1:1", "cannot be a name"),
            ("A=\"x", "1:1", "does not end"), ("A=1\nA=2", "2:1", "given twice"), ("NODE=1", "1:1", "cannot be a name"),
        ])
    func mistakes(_ text: String, _ place: String, _ message: String) {
        let error = #expect(throws: DevError.self) { try DevVars.parse(text) }
        #expect(error?.description.hasPrefix(".dev.vars:\(place): ") == true, "\(String(describing: error))")
        #expect(error?.description.contains(message) == true)
    }
}
