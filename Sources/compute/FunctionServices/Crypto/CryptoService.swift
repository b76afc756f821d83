import Crypto
import CryptoExtras
import Foundation
import Functions
import NIOCore
import NIOPosix
import Synchronization

/// Answers `crypto.…`: the parts of the Web Cryptography API that need a library.
///
/// What takes long runs on threads of its own: not on event loops, and not on the threads of Swift's tasks. PBKDF2 counts
/// against a budget of iterations an app.
final class CryptoService: Sendable {
    /// Arguments of all calls; each looks at its own.
    struct Argument: Decodable, Sendable {
        var name: String?
        var hash: HashName?
        var op: String?
        var tagLength: Int?
        var length: Int?
        var saltLength: Int?
        var bits: Int?
        var iterations: Int?
        var curve: KeyAlgorithm.Curve?
        var from: KeyForm?
        var to: KeyForm?
    }

    private struct Verdict: Encodable { var valid: Bool }

    private let settings: CryptoSettings
    private let pumps: BodyPumps
    private let memory: BodyMemory
    private let threadPool: NIOThreadPool
    private let derivations: Mutex<AppBudget>

    init(_ settings: CryptoSettings, pumps: BodyPumps, memory: BodyMemory) {
        self.settings = settings
        self.pumps = pumps
        self.memory = memory
        threadPool = NIOThreadPool(numberOfThreads: max(1, settings.threads))
        threadPool.start()
        derivations = Mutex(
            AppBudget(
                .init(
                    perSecond: settings.iterationsPerSecond, burst: settings.iterationBurst,
                    concurrent: settings.maxDerivationsPerApp, concurrentOfAll: .max)))
    }

    func close() async throws { try await threadPool.shutdownGracefully() }

    /// Nil if there is no such call.
    func answer(_ call: HostCall) async throws -> HostAnswer? {
        switch call.name {
        case "crypto.digest": return try await digest(call)
        case "crypto.hmac": return try await hmac(call)
        case "crypto.aesGCM", "crypto.aesCBC", "crypto.aesCTR", "crypto.aesKW", "crypto.hkdf", "crypto.generateKeyPair",
            "crypto.sign", "crypto.derive", "crypto.convertKey", "crypto.rsaOAEP":
            let argument = try CallArgument.decode(Argument.self, of: call)
            let isRSA = argument.name.flatMap(RSAAlgorithm.init(rawValue:)) != nil
            if isRSA, call.name == "crypto.generateKeyPair" { return try await generateRSA(call, argument) }
            let lease = memory.lease(for: call.version.tenant)
            let result = try await onBody(of: call, lease, isLong: isRSA) {
                try Self.result(call.name, argument, $0)
            }
            return HostAnswer(value: "{}", body: pumps.body(of: result, lease: lease))
        case "crypto.verify":
            let argument = try CallArgument.decode(Argument.self, of: call)
            let isValid = try await onBody(of: call, memory.lease(for: call.version.tenant)) { body in
                let parts = try Self.parts(body, 3)
                if let rsa = argument.name.flatMap(RSAAlgorithm.init(rawValue:)) {
                    return try rsa.verify(
                        parts[1], of: parts[2], open: parts[0], hash: argument.hash, saltLength: argument.saltLength)
                }
                return try Self.algorithm(argument).verify(parts[1], of: parts[2], open: parts[0], hash: argument.hash)
            }
            return HostAnswer(value: try CallArgument.encode(Verdict(valid: isValid)), body: .empty)
        case "crypto.pbkdf2": return try await pbkdf2(call)
        default: return nil
        }
    }

    /// Counts against the budget of derivations: it takes as long.
    private func generateRSA(_ call: HostCall, _ argument: Argument) async throws -> HostAnswer {
        let app = call.version.tenant
        let bits = argument.length ?? 0
        guard RSAAlgorithm.modulusBits.contains(bits) else {
            throw CryptoFailure.operation("keys of RSA have 1,024 to 4,096 bits here")
        }
        let cost = RSAAlgorithm.generationCost(bits: bits)
        guard derivations.withLock({ $0.begin(app, cost: cost, now: .now()) }) == nil else {
            throw CryptoFailure.limit("the app makes too many keys of RSA at a time; keep them for longer")
        }
        defer { derivations.withLock { $0.finish(app) } }
        let pair = try await offLoad(.max) { try Self.result(call.name, argument, ByteBuffer()) }
        return HostAnswer(value: "{}", body: .bytes(pair))
    }

    private func digest(_ call: HostCall) async throws -> HostAnswer {
        let argument = try CallArgument.decode(Argument.self, of: call)
        guard let hash = argument.name.flatMap(HashName.init(rawValue:)) else {
            throw CryptoFailure.unsupported("the hash is none of SHA-1, SHA-256, SHA-384 and SHA-512")
        }
        var running = RunningHash(digest: hash)
        for try await part in BodyParts(call.body) { running = try await updated(running, with: part) }
        return HostAnswer(value: "{}", body: .bytes(ByteBuffer(bytes: running.finish())))
    }

    private func hmac(_ call: HostCall) async throws -> HostAnswer {
        let argument = try CallArgument.decode(Argument.self, of: call)
        guard let hash = argument.hash else { throw CryptoFailure.data("HMAC needs a hash") }
        guard argument.op ?? "sign" == "sign" else { throw CryptoFailure.unsupported("HMAC can only sign here") }
        var running: RunningHash?
        var start = ByteBuffer()
        for try await var part in BodyParts(call.body) {
            if let hash = running {
                running = try await updated(hash, with: part)
                continue
            }
            start.writeBuffer(&part)
            guard let key = start.readLengthPrefixedKey() else {
                guard start.readableBytes <= settings.maxKeyBytes else {
                    throw CryptoFailure.limit("HMAC keys have at most \(settings.maxKeyBytes) bytes here")
                }
                continue
            }
            running = try await updated(RunningHash(hmac: hash, key: key), with: start)
        }
        guard let running else { throw CryptoFailure.data("the body's parts are cut off") }
        return HostAnswer(value: "{}", body: .bytes(ByteBuffer(bytes: running.finish())))
    }

    private func updated(_ hash: RunningHash, with part: ByteBuffer) async throws -> RunningHash {
        try await offLoad(part.readableBytes) {
            var hash = hash
            part.withUnsafeReadableBytes { hash.update($0) }
            return hash
        }
    }

    private func pbkdf2(_ call: HostCall) async throws -> HostAnswer {
        let argument = try CallArgument.decode(Argument.self, of: call)
        guard let hash = argument.hash else { throw CryptoFailure.data("PBKDF2 needs a hash") }
        guard let iterations = argument.iterations, iterations > 0 else {
            throw CryptoFailure.operation("PBKDF2 needs one iteration or more")
        }
        guard iterations <= settings.maxIterations else {
            throw CryptoFailure.unsupported("PBKDF2 does at most \(settings.maxIterations) iterations here")
        }
        let byteCount = try Self.byteCount(argument, limit: settings.maxDerivedBytes)
        let lease = memory.lease(for: call.version.tenant)
        let parts = try Self.parts(
            try await call.wholeBody(limit: settings.maxKeyBytes, code: "crypto/limit", lease: lease), 2)
        let cost = Double(iterations) * Double(max(1, (byteCount + hash.byteCount - 1) / hash.byteCount))
        let app = call.version.tenant
        guard derivations.withLock({ $0.begin(app, cost: cost, now: .now()) }) == nil else {
            throw CryptoFailure.limit(
                "the app derives too much at a time; it has \(Int(settings.iterationsPerSecond)) iterations a second")
        }
        defer { derivations.withLock { $0.finish(app) } }
        let key = try await offLoad(.max) {
            if byteCount == 0 { return [UInt8]() }
            do {
                return try KDF.Insecure.PBKDF2.deriveKey(
                    from: parts[0], salt: parts[1], using: hash.forPBKDF2, outputByteCount: byteCount,
                    unsafeUncheckedRounds: iterations
                ).withUnsafeBytes(Array.init)
            } catch {
                throw CryptoFailure.operation("PBKDF2 failed")
            }
        }
        return HostAnswer(value: "{}", body: .bytes(ByteBuffer(bytes: key)))
    }

    private func onBody<Value: Sendable>(
        of call: HostCall, _ lease: BodyMemory.Lease, isLong: Bool = false,
        _ work: @escaping @Sendable (ByteBuffer) throws -> Value
    ) async throws -> Value {
        let body = try await call.wholeBody(limit: settings.maxBodyBytes, code: "crypto/limit", lease: lease)
        return try await offLoad(isLong ? .max : body.readableBytes) { try work(body) }
    }

    /// Runs work on this thread if its data is short, and on a thread for long work otherwise.
    private func offLoad<Value: Sendable>(_ byteCount: Int, _ work: @escaping @Sendable () throws -> Value) async throws
        -> Value
    {
        guard byteCount >= settings.threadThresholdBytes else { return try work() }
        return try await threadPool.runIfActive(work)
    }
}

extension ByteBuffer {
    /// The first part of a length-prefixed body; nil, and nothing read, while it is not complete.
    fileprivate mutating func readLengthPrefixedKey() -> [UInt8]? {
        guard let length = getInteger(at: readerIndex, endianness: .little, as: UInt32.self),
            readableBytes - 4 >= Int(length)
        else { return nil }
        moveReaderIndex(forwardBy: 4)
        return readBytes(length: Int(length))
    }
}
