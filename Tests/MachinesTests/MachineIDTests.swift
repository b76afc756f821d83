import Machines
import Testing

@Suite("Machine ids")
struct MachineIDTests {
    @Test("A DNS label is taken", arguments: ["a", "web-1", "0", String(repeating: "a", count: 63)])
    func takes(_ text: String) { #expect(MachineID(text)?.description == text) }

    @Test(
        "Anything else is not",
        arguments: ["", "-a", "a-", "A", "a.b", "a/b", "../x", "ä", "a\0", String(repeating: "a", count: 64)])
    func refuses(_ text: String) { #expect(MachineID(text) == nil) }
}
