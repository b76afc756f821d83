import Functions
import Testing

/// Exceptions of the platform (Web IDL).
@Suite struct WebExceptionTests {
    static let helpers = #"""
        const err = (f) => { try { return ['no error', f()]; } catch (e) {
            return [e.constructor.name, e.name, e.code]; } };
        """#

    static let checks: [Check] = [
        Check(
            "constants",
            #"""
            () => [DOMException.ABORT_ERR, DOMException.prototype.DATA_CLONE_ERR, Object.keys(DOMException).length]
            """#,
            #"""
            [20,25,25]
            """#),
        Check(
            "codes",
            #"""
            () => ['HierarchyRequestError', 'InvalidAccessError', 'NetworkError', 'QuotaExceededError',
                'OperationError']
                .map((name) => new DOMException('', name).code)
            """#,
            #"""
            [3,15,19,22,0]
            """#),
        Check(
            "members are the interface's",
            #"""
            () => { const e = new DOMException('a\ud800', 'AbortError'); return [Object.hasOwn(e, 'message'),
                e.message,
                Object.keys(DOMException.prototype).slice(0, 3), Object.getPrototypeOf(DOMException) ===
                    Function.prototype,
                e instanceof Error, typeof e.stack, `${e}`]; }
            """#,
            #"""
            [false,"a�",["message","name","code"],true,true,"string","AbortError: a�"]
            """#),
        Check(
            "called and foreign",
            #"""
            () => [err(() => DOMException('x')), err(() => Object.getOwnPropertyDescriptor(DOMException.prototype,
                'name')
                .get.call(new Error()))]
            """#,
            #"""
            [["TypeError","TypeError",null],["TypeError","TypeError",null]]
            """#),
        Check(
            "subclass",
            #"""
            () => { class Own extends DOMException { get own() { return 1; } } const e = new Own('m', 'DataError');
                return [e.own, e.name, e instanceof DOMException, Object.prototype.toString.call(e)]; }
            """#,
            #"""
            [1,"DataError",true,"[object DOMException]"]
            """#),
        Check(
            "quota",
            #"""
            () => { const e = new QuotaExceededError('m', { quota: 1, requested: 2 });
                return [e.name, e.code, e.quota, e.requested, new QuotaExceededError().quota,
                    e instanceof DOMException]; }
            """#,
            #"""
            ["QuotaExceededError",22,1,2,null,true]
            """#),
        Check(
            "quota that makes no sense",
            #"""
            () => [err(() => new QuotaExceededError('', { quota: 2, requested: 1 })),
                err(() => new QuotaExceededError('', { quota: -1 })), err(() => new QuotaExceededError('', {
                    quota: NaN })),
                err(() => new QuotaExceededError('', 1))]
            """#,
            #"""
            [["RangeError","RangeError",null],["RangeError","RangeError",null],["TypeError","TypeError",null
            ],["TypeError","TypeError",null]]
            """#),
        Check(
            "too much chance",
            #"""
            () => err(() => crypto.getRandomValues(new Uint8Array(65537)))
            """#,
            #"""
            ["QuotaExceededError","QuotaExceededError",22]
            """#),
        Check(
            "cloned",
            #"""
            () => { const e = structuredClone(new DOMException('m', 'DataError'));
                const q = structuredClone(new QuotaExceededError('m', { requested: 3 }));
                return [e.message, e.name, q.constructor.name, q.quota, q.requested]; }
            """#,
            #"""
            ["m","DataError","QuotaExceededError",null,3]
            """#),
    ]

    @Test("Exceptions are what Web IDL says") func checks() async throws {
        try await expectChecks(Self.checks, helpers: Self.helpers)
    }
}
