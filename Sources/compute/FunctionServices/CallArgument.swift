import Foundation
import Functions

/// Reads and writes the JSON of calls.
enum CallArgument {
    /// Longest argument in bytes: the largest URL and headers of a fetch, with room for escapes.
    static let maxBytes = 256 << 10

    /// The call's argument.
    ///
    /// - Throws: ``HostCallError`` `host/argument` if it is too long, no JSON, or lacks something.
    static func decode<Value: Decodable>(_ type: Value.Type = Value.self, of call: HostCall) throws -> Value {
        guard call.argument.utf8.count <= maxBytes else {
            throw HostCallError("host/argument", "The argument of \(call.name) is too long")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(call.argument.utf8))
        } catch let error as DecodingError {
            throw HostCallError("host/argument", "The argument of \(call.name) is wrong: \(description(error))")
        } catch {
            throw HostCallError("host/argument", "The argument of \(call.name) is no JSON")
        }
    }

    /// An answer's value as JSON.
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func description(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "\"\(key.stringValue)\" is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "it is not what the call takes"
                : "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" is not what the call takes"
        @unknown default: "it is not what the call takes"
        }
    }
}
