import Foundation
import Testing

/// The floors, bottom first, and which rooms of one floor may use each other. `docs/design/house.md` explains them.
private let floors = ["base", "content", "network", "ledger", "compute", "edge", "app"]
private let neighbours: [String: Set<String>] = [
    "Blake3": ["CBlake3"], "Identity": ["Blake3"], "Processes": ["CLinux"],
    "Exchange": ["Peering"], "Membership": ["Peering"], "Discovery": ["Peering"],
    "AppManifests": ["Manifests"], "Stark": ["CStark"], "AckProofs": ["Stark", "CStark"],
    "Ledger": ["Stark", "AckProofs"], "LedgerLog": ["Ledger"], "EtcdLog": ["Ledger", "LedgerLog"],
    "Channels": ["Ledger", "Stark"], "PaidDelivery": ["Ledger", "Stark", "Channels"],
    "FunctionRuntime": ["WorkerProtocol", "CJavaScriptCore", "CRuntimeScript", "CSandbox"],
    "Functions": ["WorkerProtocol", "CSandbox", "Cgroups"],
    "Machines": ["Cgroups"],
    "Recordings": ["WorkerProtocol"], "Replay": ["WorkerProtocol", "Functions", "Recordings"],
    "FunctionServices": ["Functions"],
    "Calls": ["WorkerProtocol", "Functions"],
    "EdgeCache": ["HTTPCache", "Origins", "Gateway", "ControlModel"],
    "MachineProxy": ["Gateway"],
    "ControlAPI": ["ControlModel", "CConsole"],
    "DevServer": ["Bundling"], "Client": ["Bundling"],
    "SkerryCLI": ["Node", "Client", "Simulator", "Bundling", "DevServer"], "skerry": ["SkerryCLI"],
]

@Suite("The house")
struct FloorsTests {
    private struct Source {
        let room: String
        let floor: Int
        let path: String
        let imports: [String]
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func folders(_ url: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: [.isDirectoryKey])
            .filter { (try? $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == true }
    }

    /// Read once for all tests.
    private static let found = Result { try FloorsTests.sources() }

    private static func sources() throws -> [Source] {
        var sources: [Source] = []
        for (index, floor) in floors.enumerated() {
            for room in try folders(root.appendingPathComponent("Sources/\(floor)")) {
                let files = FileManager.default.enumerator(at: room, includingPropertiesForKeys: nil)
                while let file = files?.nextObject() as? URL {
                    guard file.pathExtension == "swift" else { continue }
                    let text = try String(contentsOf: file, encoding: .utf8)
                    sources.append(
                        Source(room: room.lastPathComponent, floor: index, path: file.path, imports: imports(text)))
                }
            }
        }
        return sources
    }

    private static func imports(_ text: String) -> [String] {
        text.utf8.split(separator: UInt8(ascii: "\n")).compactMap { bytes in
            let line = Substring(bytes)
            guard line.contains("import ") else { return nil }
            var words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
            while let first = words.first, ["public", "package", "internal", "private", "fileprivate"].contains(first) {
                words.removeFirst()
            }
            guard words.first == "import", words.count > 1 else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
            return name.split(separator: ".").first.map(String.init)
        }
    }

    @Test("Every floor of the sources is known")
    func floorsAreKnown() throws {
        let found = try Self.folders(Self.root.appendingPathComponent("Sources")).map(\.lastPathComponent)
        #expect(Set(found) == Set(floors))
    }

    @Test("A room imports only rooms below it, or neighbours that the list names")
    func importsGoDown() throws {
        let sources = try Self.found.get()
        #expect(sources.count > 100)
        var floorOf: [String: Int] = [:]
        for (index, floor) in floors.enumerated() {
            for room in try Self.folders(Self.root.appendingPathComponent("Sources/\(floor)")) {
                floorOf[room.lastPathComponent] = index
            }
        }
        for source in sources {
            for name in source.imports {
                guard let floor = floorOf[name], name != source.room else { continue }
                let isAllowed = floor < source.floor || neighbours[source.room]?.contains(name) == true
                #expect(isAllowed, "\(source.path) imports \(name), which is not below \(source.room)")
            }
        }
    }

    @Test("Only the worker links the JavaScript engine")
    func engineStaysInTheWorker() throws {
        for source in try Self.found.get() where source.imports.contains("CJavaScriptCore") {
            #expect(source.room == "FunctionRuntime", "\(source.path) imports the engine")
        }
        for source in try Self.found.get() where source.imports.contains("FunctionRuntime") {
            #expect(source.room == "skerry-worker", "\(source.path) imports the runtime that links the engine")
        }
    }

    @Test("The worker's rooms do without Foundation, which would cost it a cold start")
    func workerHasNoFoundation() throws {
        let rooms: Set<String> = ["FunctionRuntime", "WorkerProtocol", "skerry-worker"]
        for source in try Self.found.get() where rooms.contains(source.room) {
            #expect(!source.imports.contains("Foundation"), "\(source.path) imports Foundation")
        }
    }
}
