import Foundation
import Testing

@testable import Machines

/// A machine's log, as its holder writes it, without a machine.
@Suite("Logs of machines") struct LogFilesTests {
    /// Writes and rotates as `skerry-holder` does.
    private final class Writer {
        let folder: String
        private let count: Int
        private var time: Int64 = 0
        var files: LogFiles { LogFiles(folder: folder, count: count) }

        init(files count: Int = 3) throws {
            folder = NSTemporaryDirectory() + "/skerry-log-\(UUID().uuidString.prefix(8))"
            self.count = count
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        /// Lines whose texts are numbers and whose times are too.
        func write(_ numbers: Range<Int>, _ more: String = "") throws {
            let text = numbers.map { "\($0 + 1) stdout F \($0)\(more)\n" }.joined()
            try append(text)
        }

        func append(_ text: String) throws {
            let file = try #require(fopen(folder + "/log", "a"))
            fputs(text, file)
            fclose(file)
        }

        func rotate() throws {
            unlink("\(folder)/log.\(count - 1)")
            for number in (1..<(count - 1)).reversed() {
                rename("\(folder)/log.\(number)", "\(folder)/log.\(number + 1)")
            }
            #expect(rename("\(folder)/log", "\(folder)/log.1") == 0)
            try append("")
        }
    }

    private func texts(_ lines: [MachineLogLine]) -> [String] { lines.map(\.text) }

    @Test("A reader goes on over a rotation, and reads what was written before it")
    func rotation() throws {
        let writer = try Writer()
        var (lines, reader) = writer.files.last(10)
        #expect(lines.isEmpty && reader.more().isEmpty)
        try writer.write(0..<3)
        #expect(texts(reader.more()) == ["0", "1", "2"] && reader.more().isEmpty)
        try writer.write(3..<5)
        try writer.rotate()
        try writer.write(5..<6)
        try writer.rotate()
        try writer.write(6..<7)
        #expect(texts(reader.more()) == ["3", "4", "5", "6"] && reader.more().isEmpty)
        (lines, reader) = writer.files.last(2)
        #expect(texts(lines) == ["5", "6"])
        // Between the rename and the new file.
        #expect(rename("\(writer.folder)/log", "\(writer.folder)/log.1") == 0)
        #expect(reader.more().isEmpty)
        try writer.write(7..<8)
        #expect(texts(reader.more()) == ["7"])
    }

    /// A new file often gets the inode of the one that was removed for it. A reader that knew its file by the inode alone
    /// would take the one for the other and, being behind its end, wait for ever.
    @Test("A reader whose file was removed reads on in those that are there")
    func removedFile() throws {
        let writer = try Writer()
        try writer.write(0..<100, " and a long line, so that the first file is longer than those that follow it")
        var (_, reader) = writer.files.last(0)
        for round in 0..<20 {
            let first = 100 + round * 10
            for step in 0..<5 {
                try writer.rotate()
                try writer.write((first + 2 * step)..<(first + 2 * step + 2))
            }
            // Two files of five are gone; the one that the reader is in had been read.
            #expect(texts(reader.more()) == (first + 4..<first + 10).map(String.init))
        }
    }

    @Test("The last lines come from as many files as it takes, and a reader begins behind them")
    func tails() throws {
        let writer = try Writer()
        let filling = String(repeating: "x", count: 2_000)
        try writer.write(0..<200, filling)
        try writer.rotate()
        try writer.write(200..<203)
        try writer.append("204 stdout F part")
        let (lines, _) = writer.files.last(150)
        #expect(lines.map(\.at) == Array(54...203))
        #expect(writer.files.last(0).lines.isEmpty && writer.files.last(-1).lines.isEmpty)
        #expect(writer.files.last(10_000).lines.count == 203)
        var (_, reader) = writer.files.last(1)
        try writer.append(" of a line\n")
        #expect(texts(reader.more()) == ["part of a line"])
    }

    @Test("Lines after a time are the first ones, so that whoever asks on misses none")
    func afterTime() throws {
        let writer = try Writer()
        #expect(writer.files.lines(after: 0, limit: 10).isEmpty)
        try writer.write(0..<50, String(repeating: "x", count: 3_000))
        try writer.rotate()
        try writer.write(50..<60)
        #expect(writer.files.lines(after: 45, limit: 10).map(\.at) == Array(46...55))
        #expect(writer.files.lines(after: 55, limit: 10).map(\.at) == Array(56...60))
        #expect(writer.files.lines(after: 0, limit: 1_000).count == 60)
        #expect(writer.files.lines(after: 60, limit: 10).isEmpty && writer.files.lines(after: 5, limit: 0).isEmpty)
    }

    @Test("What is no line is passed over, however long it is")
    func damage() throws {
        let writer = try Writer()
        var (_, reader) = writer.files.last(0)
        try writer.append("nothing\n\n" + String(repeating: "y", count: 100_000) + "\n5 stderr F good\n")
        #expect(texts(reader.more()) == ["good"] && texts(writer.files.last(5).lines) == ["good"])
    }
}
