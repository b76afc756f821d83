import ControlModel
import Foundation
import Identity
import Ledger

/// Decoders of the control API's answers. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum ControlModelFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        ["byte-frames": byteFrames, "purge-order": purgeOrder, "machine-order": machineOrder]
    }

    /// The first two bytes are the longest frame that is allowed.
    private static func byteFrames(_ input: [UInt8]) -> String? {
        guard input.count >= 2 else { return nil }
        let most = Int(input[0]) << 8 | Int(input[1])
        let bytes = Data(input.dropFirst(2))
        guard let frames = ByteFrames.decode(bytes, maxFrameBytes: most) else { return nil }
        guard frames.allSatisfy({ $0.count <= most }) else { return "a frame is too long" }
        return ByteFrames.encode(frames) == bytes ? nil : "frames are written otherwise than they were read"
    }

    private static let networkText = String(repeating: "07", count: 32)

    /// With an odd first byte, the rest are the lines of an order that somebody signs.
    private static func purgeOrder(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        var bytes = Data(input.dropFirst())
        if first & 1 == 1 {
            guard let key = try? SigningKey(rawRepresentation: Data(repeating: 7, count: 32)) else { return "no key" }
            bytes += key.publicKey.bytes
            guard let signature = try? key.sign(bytes) else { return "no signature" }
            bytes += signature
        }
        guard let network = NetworkID(networkText) else { return "no network" }
        guard let order = try? PurgeOrder(decoding: bytes, network: network) else { return nil }
        guard first & 1 == 1 else { return "an order is read that nobody signed" }
        guard order.encoded == bytes else { return "an order is kept otherwise than it was read" }
        let isClean = order.value.utf8.count <= PurgeOrder.maxValueBytes && !order.value.utf8.contains { $0 < 0x20 }
        return isClean ? nil : "a value is too long or has control characters"
    }

    /// With an odd first byte, the rest is an order that somebody signs, else what is said to be a signed one.
    private static func machineOrder(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        let bytes = Data(input.dropFirst())
        if first & 1 == 0 {
            return (try? MachineOrder.read(bytes)) == nil ? nil : "an order is read that nobody signed"
        }
        guard let order = try? JSONDecoder().decode(MachineOrder.self, from: bytes),
            let key = try? SigningKey(rawRepresentation: Data(repeating: 7, count: 32)),
            let signed = try? order.signed(by: key), signed.count <= MachineOrder.maxByteCount
        else { return nil }
        guard let read = try? MachineOrder.read(signed) else { return "a signed order is refused" }
        return read.order == order && read.account == key.publicKey.account ? nil : "an order is read as another one"
    }

    private static func lines(_ scope: String, _ value: String) -> [UInt8] {
        let lines = ["skerry cache purge v1", networkText, "shop", scope, value, "soft", "12", "ab"]
        return [1] + lines.flatMap { Array("\($0)\n".utf8) }
    }

    /// Small valid inputs by target and name.
    static func seeds() -> [String: [String: [UInt8]]] {
        let frames = Array(ByteFrames.encode([Data(), Data([1]), Data([2, 3])]))
        return [
            "machine-order": [
                "stop": [1]
                    + Array(
                        #"{"network":"n","app":"db","slot":1,"node":"a","time":5,"nonce":"x","action":{"stop":{}}}"#
                            .utf8),
                "exec": [1]
                    + Array(
                        #"{"network":"n","app":"db","slot":1,"node":"a","time":5,"nonce":"x","action":{"exec":{"_0":["ls"],"columns":80,"rows":24}}}"#
                            .utf8),
                "unsigned": [0] + Array(#"{"order":"e30=","key":"","signature":""}"#.utf8),
            ],
            "byte-frames": ["three": [0, 2] + frames, "too-long": [0, 1] + frames, "none": [0, 0]],
            "purge-order": [
                "url": lines("url", "https://shop.example.org/a"), "everything": lines("everything", ""),
                "unsigned": [0] + lines("key", "a").dropFirst(),
            ],
        ]
    }
}
