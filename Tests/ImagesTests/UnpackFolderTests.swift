import Foundation
import Testing

@testable import Images

@Suite struct UnpackFolderTests {
    @Test func whatIsMadeAnewStaysWhileTheOldOneGoes() throws {
        let folder = try TemporaryFolder()
        let cache = try UnpackFolder(folder.path + "/cache")
        let info = UnpackFolder.Info(bytes: 1, form: .flat, ownership: "own", hidden: HiddenNames())
        try cache.publish(try cache.begin(), as: "a", info)
        let old = try #require(try cache.takeOut("a"))
        #expect(cache.info("a") == nil)
        try cache.publish(try cache.begin(), as: "a", info)
        cache.discard(old)
        #expect(cache.info("a") == info)
        #expect(try cache.takeOut("b") == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache/work").isEmpty)
    }
}
