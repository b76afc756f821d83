import Testing

/// WebAssembly from scripts, in the real worker: compiled at once, by threads of the engine's, and from a response.
@Suite struct WebAssemblyTests {
    /// `add(a, b)` of a module that imports `env.twice`: twice a, plus b.
    private static let module = """
        new Uint8Array([0,97,115,109,1,0,0,0,1,12,2,96,2,127,127,1,127,96,1,127,1,127,2,13,1,3,101,110,118,5,116,119,105,\
        99,101,0,1,3,2,1,0,7,7,1,3,97,100,100,0,1,10,11,1,9,0,32,0,16,0,32,1,106,11])
        """

    @Test func modulesAreCompiledInEveryWay() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let results = try await fixture.evaluate(
                """
                (async () => {
                  const bytes = \(Self.module);
                  const imports = { env: { twice: (x) => 2 * x } };
                  const response = (type) => new Response(bytes, { headers: { 'content-type': type } });
                  const module = new WebAssembly.Module(bytes);
                  const instances = [
                    new WebAssembly.Instance(module, imports),
                    (await WebAssembly.instantiate(bytes, imports)).instance,
                    await WebAssembly.instantiate(await WebAssembly.compile(bytes), imports),
                    (await WebAssembly.instantiateStreaming(response('application/wasm'), imports)).instance,
                    await WebAssembly.instantiate(await WebAssembly.compileStreaming(response('application/wasm')), imports),
                  ];
                  const failure = async (promise) => { try { await promise; } catch (error) { return error.name; } };
                  return [
                    ...instances.map(({ exports }, index) => exports.add(index, 3)),
                    await failure(WebAssembly.instantiate(bytes.slice(0, 20), imports)),
                    await failure(WebAssembly.instantiate(bytes, { env: {} })),
                    await failure(WebAssembly.instantiate(bytes)),
                    await failure(WebAssembly.compileStreaming(response('text/plain'))),
                    WebAssembly.validate(bytes), WebAssembly.validate(bytes.slice(1)),
                  ];
                })()
                """)
            #expect(results == #"[3,5,7,9,11,"CompileError","LinkError","TypeError","TypeError",true,false]"#)
        }
    }
}
