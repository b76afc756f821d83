import ControlModel
import Foundation
import Testing

@Suite("Byte frames")
struct ByteFramesTests {
    @Test(
        "Frames come back as they were",
        arguments: [[], [Data()], [Data([1]), Data(), Data(repeating: 7, count: 70_000)]])
    func roundTrip(_ frames: [Data]) {
        #expect(ByteFrames.decode(ByteFrames.encode(frames), maxFrameBytes: 70_000) == frames)
    }

    @Test("A slice of other bytes is read as well")
    func slice() {
        let bytes = Data([9, 9]) + ByteFrames.encode([Data([1, 2])])
        #expect(ByteFrames.decode(bytes.dropFirst(2), maxFrameBytes: 2) == [Data([1, 2])])
    }

    @Test("Every cut in the middle is noticed")
    func cut() {
        let bytes = ByteFrames.encode([Data([1, 2, 3]), Data([4])])
        for count in 1..<bytes.count where count != 7 {
            #expect(ByteFrames.decode(bytes.prefix(count), maxFrameBytes: 3) == nil)
        }
    }

    @Test("A frame at the limit is taken, one past it is not")
    func limit() {
        let bytes = ByteFrames.encode([Data(repeating: 1, count: 10)])
        #expect(ByteFrames.decode(bytes, maxFrameBytes: 10)?.count == 1)
        #expect(ByteFrames.decode(bytes, maxFrameBytes: 9) == nil)
        #expect(ByteFrames.decode(Data([0xff, 0xff, 0xff, 0xff, 1]), maxFrameBytes: .max) == nil)
    }
}
