import ArgumentParser
import CLinux
import Foundation
import GRPCCore
import GRPCNIOTransportCore
import Identity
import NIOCore
import NIOPosix

/// A provider in a process of its own, which `fetch` starts: says its port, and ends with its standard input.
struct Provide: AsyncParsableCommand {
    enum Kind: String, ExpressibleByArgument { case tls, tlsFile, grpc, tunedGRPC, node }

    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Option var kind: Kind
    @Option var number: Int
    @Option var mib: Int
    @Option var folder: String
    @Option var behaviour = ProviderNode.Behaviour.honest

    func run() async throws {
        // As a node does; the peers of the exchange get the same.
        skerry_keep_freed_memory()
        let cast = try Cast()
        let source = BlockSource(mib: mib)
        let distinct = (0..<min(TLSStream.distinctBlocks, source.blockCount)).map(source.block)
        switch kind {
        case .tls:
            let channel = try await TLSStream.listen(
                key: cast.keys[number], reader: cast.keys[0].publicKey, blocks: .memory(distinct))
            Provide.announce(channel.localAddress?.port)
            await Provide.untilInputEnds()
            try await channel.close()
        case .tlsFile:
            let file = try FileHandle(forWritingTo: try Provide.emptyFile(folder))
            for index in 0..<source.blockCount {
                try file.write(contentsOf: Data(source.block(index).readableBytesView))
            }
            try file.close()
            let channel = try await TLSStream.listen(
                key: cast.keys[number], reader: cast.keys[0].publicKey, blocks: .file(folder))
            Provide.announce(channel.localAddress?.port)
            await Provide.untilInputEnds()
            try await channel.close()
        case .grpc, .tunedGRPC:
            let server = try GRPCStream.server(
                distinct.map { Array($0.readableBytesView) }, flow: kind == .grpc ? .defaults : .tuned)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.serve() }
                Provide.announce(try await server.listeningAddress?.ipv4?.port)
                await Provide.untilInputEnds()
                server.beginGracefulShutdown()
                group.cancelAll()
            }
        case .node:
            let node = try await ProviderNode(
                cast, number: number, folder: folder, source: source, behaviour: behaviour)
            Provide.announce(node.port)
            await Provide.untilInputEnds()
            await node.stop()
        }
    }

    private static func emptyFile(_ path: String) throws -> URL {
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw BenchError("cannot write \(path)")
        }
        return URL(fileURLWithPath: path)
    }

    private static func announce(_ port: Int?) {
        print(port ?? 0)
        fflush(nil)
    }

    private static func untilInputEnds() async {
        try? await NIOThreadPool.singleton.runIfActive {
            while readLine() != nil {}
        }
    }
}
