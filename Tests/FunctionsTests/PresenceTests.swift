import Functions
import Testing

/// The list of the Minimum Common Web API (ECMA-429), each with what must be there of it.
@Suite struct PresenceTests {
    /// Interfaces with the members of their prototypes.
    static let interfaces: [(String, String)] = [
        ("AbortController", "abort signal"),
        ("AbortSignal", "aborted reason throwIfAborted onabort"),
        ("Blob", "arrayBuffer bytes size slice stream text type"),
        ("ByteLengthQueuingStrategy", "highWaterMark size"),
        ("CompressionStream", "readable writable"),
        ("CountQueuingStrategy", "highWaterMark size"),
        ("Crypto", "getRandomValues randomUUID subtle"),
        ("CryptoKey", "algorithm extractable type usages"),
        ("CustomEvent", "detail"),
        ("DOMException", "code message name"),
        ("DecompressionStream", "readable writable"),
        ("ErrorEvent", "colno error filename lineno message"),
        (
            "Event",
            "bubbles cancelable composed composedPath currentTarget defaultPrevented eventPhase "
                + "preventDefault stopImmediatePropagation stopPropagation target timeStamp type"
        ),
        ("EventTarget", "addEventListener dispatchEvent removeEventListener"),
        ("File", "lastModified name"),
        ("FormData", "append delete entries forEach get getAll has keys set values"),
        ("Headers", "append delete entries forEach get getSetCookie has keys set values"),
        ("MessageChannel", "port1 port2"),
        ("MessageEvent", "data lastEventId origin ports source"),
        ("MessagePort", "close onmessage onmessageerror postMessage start"),
        ("Performance", "mark measure now timeOrigin toJSON"),
        ("PromiseRejectionEvent", "promise reason"),
        ("QuotaExceededError", "code message name quota requested"),
        ("ReadableByteStreamController", "byobRequest close desiredSize enqueue error"),
        ("ReadableStream", "cancel getReader locked pipeThrough pipeTo tee values"),
        ("ReadableStreamBYOBReader", "cancel closed read releaseLock"),
        ("ReadableStreamBYOBRequest", "respond respondWithNewView view"),
        ("ReadableStreamDefaultController", "close desiredSize enqueue error"),
        ("ReadableStreamDefaultReader", "cancel closed read releaseLock"),
        (
            "Request",
            "arrayBuffer blob body bodyUsed bytes cache clone credentials destination duplex formData headers integrity "
                + "json keepalive method mode redirect referrer referrerPolicy signal text url"
        ),
        (
            "Response",
            "arrayBuffer blob body bodyUsed bytes clone formData headers json ok redirected status statusText text type "
                + "url"
        ),
        (
            "SubtleCrypto",
            "decrypt deriveBits deriveKey digest encrypt exportKey generateKey importKey sign unwrapKey verify wrapKey"
        ),
        ("TextDecoder", "decode encoding fatal ignoreBOM"),
        ("TextDecoderStream", "encoding fatal ignoreBOM readable writable"),
        ("TextEncoder", "encode encodeInto encoding"),
        ("TextEncoderStream", "encoding readable writable"),
        ("TransformStream", "readable writable"),
        ("TransformStreamDefaultController", "desiredSize enqueue error terminate"),
        (
            "URL",
            "hash host hostname href origin password pathname port protocol search searchParams toJSON toString username"
        ),
        ("URLPattern", "exec hasRegExpGroups hash hostname password pathname port protocol search test username"),
        ("URLSearchParams", "append delete entries forEach get getAll has keys set size sort toString values"),
        ("WritableStream", "abort close getWriter locked"),
        ("WritableStreamDefaultController", "error signal"),
        ("WritableStreamDefaultWriter", "abort close closed desiredSize ready releaseLock write"),
    ]

    /// Expressions with what `typeof` says of them.
    static let values: [(String, String)] = [
        ("AbortSignal.abort", "function"), ("AbortSignal.any", "function"), ("AbortSignal.timeout", "function"),
        ("ReadableStream.from", "function"), ("Response.error", "function"), ("Response.json", "function"),
        ("Response.redirect", "function"), ("URL.canParse", "function"), ("URL.parse", "function"),
        ("URL.createObjectURL", "function"), ("URL.revokeObjectURL", "function"),
        ("WebAssembly.CompileError", "function"), ("WebAssembly.Exception", "function"),
        ("WebAssembly.Global", "function"), ("WebAssembly.Instance", "function"), ("WebAssembly.JSTag", "object"),
        ("WebAssembly.LinkError", "function"), ("WebAssembly.Memory", "function"), ("WebAssembly.Module", "function"),
        ("WebAssembly.RuntimeError", "function"), ("WebAssembly.Table", "function"), ("WebAssembly.Tag", "function"),
        ("WebAssembly.compile", "function"), ("WebAssembly.compileStreaming", "function"),
        ("WebAssembly.instantiate", "function"), ("WebAssembly.instantiateStreaming", "function"),
        ("WebAssembly.validate", "function"), ("atob", "function"), ("btoa", "function"), ("clearInterval", "function"),
        ("clearTimeout", "function"), ("console", "object"), ("crypto", "object"), ("crypto.subtle", "object"),
        ("fetch", "function"), ("globalThis", "object"), ("navigator.userAgent", "string"), ("onerror", "object"),
        ("onrejectionhandled", "object"), ("onunhandledrejection", "object"), ("performance.now()", "number"),
        ("performance.timeOrigin", "number"), ("queueMicrotask", "function"), ("reportError", "function"),
        ("self", "object"), ("setInterval", "function"), ("setTimeout", "function"), ("structuredClone", "function"),
        ("addEventListener", "function"), ("removeEventListener", "function"), ("dispatchEvent", "function"),
    ]

    static let consoleMethods =
        "assert clear count countReset debug dir dirxml error group groupCollapsed groupEnd info log table time timeEnd "
        + "timeLog trace warn"

    @Test func everythingIsThere() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let interfaces = Self.interfaces.map { "['\($0.0)', '\($0.1)']" }.joined(separator: ", ")
            let values = Self.values.map { "['\($0.0)', () => typeof \($0.0), '\($0.1)']" }.joined(separator: ", ")
            let missing = try await fixture.evaluate(
                """
                (() => {
                  const missing = [];
                  for (const [name, members] of [\(interfaces)]) {
                    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
                    const type = globalThis[name];
                    if (typeof type !== 'function' || type.name !== name || descriptor.enumerable) missing.push(name);
                    else for (const member of members.split(' '))
                      if (!(member in type.prototype)) missing.push(`${name}.prototype.${member}`);
                    if (Object.prototype.toString.call(type?.prototype) !== `[object ${name}]`) missing.push(`${name} tag`);
                  }
                  for (const [name, kind, expected] of [\(values)]) {
                    let actual;
                    try { actual = kind() } catch (error) { actual = error.name }
                    if (actual !== expected) missing.push(`${name} is ${actual}`);
                  }
                  for (const name of '\(Self.consoleMethods)'.split(' '))
                    if (typeof console[name] !== 'function') missing.push(`console.${name}`);
                  return missing;
                })()
                """)
            #expect(missing == "[]")
        }
    }

    /// What a script defines before the runtime's own is used stays; accessors on the prototypes of the language never
    /// see the runtime's objects, and do not break it.
    @Test func scriptsCannotReachTheRuntime() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let found = try await fixture.evaluate(
                """
                (async () => {
                  globalThis.URLPattern = 5;
                  const seen = [];
                  const isInner = (object) => typeof object === 'object' && object !== null
                    && ['startTimer', 'script', 'hostCall', 'sizeOf', 'pullSource']
                      .some((name) => Object.hasOwn(object, name));
                  const names = ['url', 'host', 'Blob', 'missing', 'hostCall', 'then', 'get', 'set', 'value', 'stream',
                    'signal', 'highWaterMark', 'size', 'writable', 'enumerable', 'closeSink', 'reader', 'owner'];
                  for (const name of names) Object.defineProperty(Object.prototype, name, {
                    __proto__: null,
                    get() { if (isInner(this)) seen[seen.length] = name; return undefined },
                    set(value) { if (isInner(this)) seen[seen.length] = name },
                    configurable: true,
                  });
                  Map.prototype.get = Map.prototype.set = () => { seen[seen.length] = 'map' };
                  const then = Promise.prototype.then;
                  Promise.prototype.then = new Proxy(then, { apply: (target, self, list) => {
                    if (list.some(isInner)) seen[seen.length] = 'then';
                    return Reflect.apply(target, self, list);
                  } });
                  let answers;
                  try {
                    const text = await new Response(new Blob(['x']).stream()).text();
                    const parameter = new URL('https://e.com/?a=b').searchParams.get('a');
                    const wide = new TextDecoder('utf-16le').decode(new Uint8Array([97, 0]));
                    const form = new FormData();
                    form.append('a', 'b');
                    await new WritableStream({ write() {} }).getWriter().write(1);
                    new AbortController().abort();
                    new MessageChannel();
                    crypto.randomUUID();
                    answers = [text, parameter, wide, [...form].length, structuredClone([1])];
                  } catch (error) {
                    answers = [error.message, error.stack];
                  }
                  for (const name of names) delete Object.prototype[name];
                  return [answers, seen, URLPattern];
                })()
                """)
            #expect(found == "[[\"x\",\"b\",\"a\",1,[1]],[],5]")
        }
    }
}
