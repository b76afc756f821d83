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
        Check(
            "bad input reaches the writer",
            #"""
            async () => { const d = new DecompressionStream('gzip'); const w = d.writable.getWriter(); const r =
                d.readable.getReader();
                const name = (promise) => promise.then(() => 'no error', (e) => e.name); const read =
                    name(r.read());
                w.write(new TextEncoder().encode('nonsense')).catch(() => undefined);
                    return [await name(w.close()), await read,
                await name(w.closed)]; }
            """#,
            #"""
            ["TypeError","TypeError","TypeError"]
            """#),
        Check(
            "closing waits for the output",
            #"""
            async () => { const c = new CompressionStream('deflate'); const w = c.writable.getWriter();
                w.write(new Uint8Array(100000));
                let isClosed = false; const closed = w.close().then(() => { isClosed = true; }); const before =
                    isClosed;
                const bytes = await new Response(c.readable).bytes(); await closed; return [before, isClosed,
                    bytes.length > 50]; }
            """#,
            #"""
            [false,true,true]
            """#),
        Check(
            "reading nothing more ends the codec",
            #"""
            async () => { const c = new CompressionStream('gzip'); const w = c.writable.getWriter(); const r =
                c.readable.getReader();
                const read = r.read(); await w.write(new Uint8Array(10)); await r.cancel('enough');
                    return [(await read).done,
                await w.write(new Uint8Array(1)).catch((e) => e)]; }
            """#,
            #"""
            [true,"enough"]
            """#),
        Check(
            "shared memory is not compressed",
            #"""
            async () => { const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
                const c = new CompressionStream('gzip'); const w = c.writable.getWriter();
                    c.readable.getReader().read().catch(() => 0);
                return w.write(new Uint8Array(buffer, 0, 8)).catch((e) => e.name); }
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
