import ControlModel
import Testing

@Suite struct KVPlaceTests {
    @Test(arguments: [
        ("k", "k"), ("a b", "a%20b"), ("a+b&c=d/e?f#g%", "a%2Bb%26c%3Dd%2Fe%3Ff%23g%25"), ("ü\n", "%C3%BC%0A"),
        ("a.b_c~d-e", "a%2Eb%5Fc%7Ed-e"),
    ])
    func keysAreEscaped(_ key: String, _ escaped: String) {
        #expect(
            KVPlace(name: "app", namespace: "notes", key: key).target
                == "/api/v1/names/app/kv/notes/value?key=\(escaped)")
    }
}
