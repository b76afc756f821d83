public import Foundation

/// An app's code as the engine evaluates it.
public struct AppBundle: Sendable, Equatable {
    /// The script; its value is a promise of the exports. Empty for a program.
    public var script: String
    /// The exported names.
    public var exports: [String]
    /// The entry's path, for stack traces.
    public var sourceName: String
    /// The source map of ``script`` in JSON; nil where the script's lines are those of the entry.
    public var sourceMap: Data?
    /// What made the script, such as `esbuild 0.17.0`; empty for a file that was taken as it is.
    public var bundler: String
    /// The files that the script was made from, relative to the app's folder.
    public var inputs: [String]
    /// What deserves a look but keeps nothing from running.
    public var warnings: [Diagnostic]
    /// A WebAssembly program with its files; nil for a script.
    public var program: Data?

    /// What a worker is loaded with: the program, else the script.
    public var code: Data { program ?? Data(script.utf8) }

    /// Finds the places of the sources in stack traces.
    public var stackMapper: StackMapper { StackMapper(sourceName: sourceName, sourceMap: sourceMap) }
}

/// Something about a place in a source.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    /// Relative to the app's folder; empty if it concerns no file.
    public var file: String
    /// From 1; 0 if it concerns no line.
    public var line: Int
    /// From 1.
    public var column: Int
    /// What is the matter, and what to do.
    public var message: String

    public init(file: String, line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// `file:line:column: message`.
    public var description: String {
        file.isEmpty ? message : line == 0 ? "\(file): \(message)" : "\(file):\(line):\(column): \(message)"
    }
}

/// Why no script came out of an app's code.
public struct BundleError: Error, Sendable, Equatable, CustomStringConvertible {
    /// At least one.
    public let problems: [Diagnostic]

    public init(_ problems: [Diagnostic]) { self.problems = problems }

    init(_ message: String, file: String = "") {
        problems = [Diagnostic(file: file, line: 0, column: 0, message: message)]
    }

    /// A line for each problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
