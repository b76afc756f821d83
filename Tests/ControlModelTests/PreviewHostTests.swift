import ControlModel
import Ledger
import Testing

@Suite struct PreviewHostTests {
    @Test("A label is a release and a name, or none")
    func labels() throws {
        let release = try #require(ReleaseID("0123456789"))
        let longest = String(repeating: "n", count: 51)
        for name in ["shop", "a-b", longest] {
            let host = try #require(PreviewHost(release, of: try AppName(checking: name)))
            #expect(host.description == "0123456789--\(name)" && PreviewHost(host.description) == host)
        }
        #expect(PreviewHost(release, of: try AppName(checking: longest + "n")) == nil)
        let wrong = [
            "", "shop", "0123456789", "0123456789--", "0123456789-shop", "0123456789--a--b", "012345678--shop",
            "0123456789---shop", "012345678l--shop", "0123456789--" + longest + "n",
        ]
        for label in wrong { #expect(PreviewHost(label) == nil, "\(label)") }
    }
}
