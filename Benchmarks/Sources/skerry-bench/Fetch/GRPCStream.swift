import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOSSL

/// The same blocks as messages of a server-streaming call of grpc-swift-2 over mutual TLS 1.3.
///
/// Messages are raw bytes: without protobuf around them, which is in gRPC's favour.
enum GRPCStream {
    private static let method = MethodDescriptor(fullyQualifiedService: "bench.Blocks", method: "Read")
    /// How the stream is cut and how much of it may be under way.
    struct Flow: Sendable {
        var maxFrameBytes: Int
        var windowBytes: Int

        /// What the library uses unless told otherwise.
        static let defaults = Flow(maxFrameBytes: 16 << 10, windowBytes: 8 << 20)
        /// None of ten combinations of frames up to 1 MiB with windows from 512 KiB to 16 MiB was clearly faster.
        static let tuned = Flow(maxFrameBytes: 64 << 10, windowBytes: 1 << 20)
    }

    private struct Raw: MessageSerializer, MessageDeserializer {
        func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) -> Bytes { Bytes(message) }

        func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) -> [UInt8] {
            bytes.withUnsafeBytes { Array($0) }
        }
    }

    private struct Blocks: RegistrableRPCService {
        let blocks: [[UInt8]]

        func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
            router.registerHandler(forMethod: GRPCStream.method, deserializer: Raw(), serializer: Raw()) {
                request, _ in
                var count = 0
                for try await message in request.messages {
                    count = message.reduce(0) { $0 << 8 | Int($1) }
                }
                let wanted = count
                return StreamingServerResponse { writer in
                    for index in 0..<wanted { try await writer.write(blocks[index % blocks.count]) }
                    return [:]
                }
            }
        }
    }

    private static func security(
        _ certificate: PlainCertificate
    ) -> (chain: [TLSConfig.CertificateSource], key: TLSConfig.PrivateKeySource) {
        (
            [.bytes(certificate.certificateDER, format: .der)],
            .bytes(certificate.privateKeyDER, format: .der)
        )
    }

    /// A server; it serves until the task is cancelled.
    static func server(_ blocks: [[UInt8]], flow: Flow) throws -> GRPCServer<HTTP2ServerTransport.Posix> {
        let own = security(try PlainCertificate())
        let transport = HTTP2ServerTransport.Posix(
            address: .ipv4(host: "127.0.0.1", port: 0),
            transportSecurity: .mTLS(certificateChain: own.chain, privateKey: own.key) { tls in
                tls.customVerificationCallback = accept
            },
            config: .defaults { config in
                config.http2.maxFrameSize = flow.maxFrameBytes
                config.http2.targetWindowSize = flow.windowBytes
            })
        return GRPCServer(transport: transport, services: [Blocks(blocks: blocks)])
    }

    static func client(port: Int, flow: Flow) throws -> GRPCClient<HTTP2ClientTransport.Posix> {
        let own = security(try PlainCertificate())
        let transport = try HTTP2ClientTransport.Posix(
            target: .ipv4(address: "127.0.0.1", port: port),
            transportSecurity: .mTLS(certificateChain: own.chain, privateKey: own.key) { tls in
                tls.serverCertificateVerification = .noHostnameVerification
                tls.customVerificationCallback = accept
            },
            config: .defaults { config in
                config.http2.maxFrameSize = flow.maxFrameBytes
                config.http2.targetWindowSize = flow.windowBytes
            })
        return GRPCClient(transport: transport)
    }

    /// Reads `source.blockCount` messages and compares the begin of each.
    static func read(_ source: BlockSource, from client: GRPCClient<HTTP2ClientTransport.Posix>) async throws {
        let request = withUnsafeBytes(of: UInt32(source.blockCount).bigEndian) { Array($0) }
        let count = try await client.serverStreaming(
            request: ClientRequest(message: request), descriptor: method, serializer: Raw(), deserializer: Raw(),
            options: .defaults
        ) { response in
            var count = 0
            for try await message in response.messages {
                let mark = message.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                guard message.count == source.byteCount / source.blockCount,
                    mark == source.mark(count % TLSStream.distinctBlocks)
                else { throw BenchError("message \(count) has \(message.count) wrong bytes") }
                count += 1
            }
            return count
        }
        guard count == source.blockCount else { throw BenchError("\(count) of \(source.blockCount) messages came") }
    }

    /// Who takes part is not what is measured: both sides show a certificate, and both accept any.
    private static let accept:
        @Sendable ([NIOSSLCertificate], EventLoopPromise<NIOSSLVerificationResultWithMetadata>) -> Void = {
            chain, promise in
            promise.succeed(.certificateVerified(VerificationMetadata(ValidatedCertificateChain(chain))))
        }
}
