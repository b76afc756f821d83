import FunctionServices
import Functions
import Logging
import Testing

/// CompressionStream and DecompressionStream.
@Suite struct CompressionStreamTests {
    static let helpers = #"""
        const err = async (f) => { try { return ['no error', await f()]; } catch (e) {
        return e?.name ?? String(e); } };
        """#

    static let checks: [Check] = [
        Check(
            "compress gzip",
            #"""
            async () => { const data = 'hello '.repeat(1000);
                const c = new Blob([data]).stream().pipeThrough(new CompressionStream('gzip'));
                const z = await new Response(c).bytes();
                const plain = new Blob([z]).stream().pipeThrough(new DecompressionStream('gzip'));
                const back = await new Response(plain).text();
                return [z.length < 200, back === data]; }
            """#,
            #"""
            [true,true]
            """#),
        Check(
            "compress deflate",
            #"""
            async () => { const data = 'hello '.repeat(1000);
                const c = new Blob([data]).stream().pipeThrough(new CompressionStream('deflate'));
                const z = await new Response(c).bytes();
                const plain = new Blob([z]).stream().pipeThrough(new DecompressionStream('deflate'));
                const back = await new Response(plain).text();
                return [z.length < 200, back === data]; }
            """#,
            #"""
            [true,true]
            """#),
        Check(
            "compress deflate-raw",
            #"""
            async () => { const data = 'hello '.repeat(1000);
                const c = new Blob([data]).stream().pipeThrough(new CompressionStream('deflate-raw'));
                const z = await new Response(c).bytes();
                const plain = new Blob([z]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
                const back = await new Response(plain).text();
                return [z.length < 200, back === data]; }
            """#,
            #"""
            [true,true]
            """#),
        Check(
            "bad gzip",
            #"""
            () => err(() => new Response(new Blob(['nonsense']).stream().pipeThrough(new DecompressionStream('gzi' +
                'p'))).text())
            """#,
            #"""
            "TypeError"
            """#),
    ]

    @Test func behaves() async throws {
        let host = try HostServices(logger: Logger(label: "functions-tests"))
        try await expectChecks(Self.checks, helpers: Self.helpers, host: host)
        await host.close()
    }
}
