import Foundation

/// Reads the JSON of an index, manifest or config, with errors that name the place.
enum ImageDocument {
    /// - Parameters:
    ///   - name: What it is, for messages, such as `manifest sha256:…`.
    ///   - limit: Most bytes.
    static func decode<Value: Decodable>(
        _ type: Value.Type, _ bytes: [UInt8], name: String, limit: Int
    ) throws(ImageError) -> Value {
        guard bytes.count <= limit else {
            throw ImageError(.tooLarge, "The \(name) has \(bytes.count) bytes; the limit is \(limit)")
        }
        // Foundation also reads UTF-16, which others would not.
        guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else {
            throw ImageError(.badDocument, "The \(name) is no JSON: its text is not UTF-8")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw failure(error, name)
        } catch {
            throw ImageError(.badDocument, "The \(name) is no JSON: \(error)")
        }
    }

    private static func failure(_ error: DecodingError, _ name: String) -> ImageError {
        switch error {
        case .keyNotFound(let key, let context):
            return ImageError(.badDocument, "The \(name) lacks \(place(context.codingPath + [key]))")
        case .valueNotFound(_, let context):
            return ImageError(.badDocument, "The \(name) has null as \(place(context.codingPath))")
        case .typeMismatch(let type, let context):
            let kind = "\(type)".prefix { $0 != "<" }
            return ImageError(
                .badDocument,
                "The \(name) has something else than a value of type \(kind) as \(place(context.codingPath))")
        case .dataCorrupted(let context):
            let place = context.codingPath.isEmpty ? "" : " in \(place(context.codingPath))"
            return ImageError(.badDocument, "The \(name) is no valid JSON\(place): \(context.debugDescription)")
        @unknown default: return ImageError(.badDocument, "The \(name) cannot be read: \(error)")
        }
    }

    /// Such as `layers[2].digest`.
    private static func place(_ path: [any CodingKey]) -> String {
        if path.isEmpty { return "the whole" }
        return path.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue.prefix(100)
            }
        }
    }

    /// - Throws: `.tooLarge` for a list that is too long or has a text that is.
    static func check(_ texts: [String], _ place: String) throws(ImageError) {
        guard texts.count <= ImageLimits.maxConfigItems else {
            throw ImageError(
                .tooLarge, "\(place) has \(texts.count) items; the limit is \(ImageLimits.maxConfigItems)")
        }
        for (index, text) in texts.enumerated() {
            guard text.utf8.count <= ImageLimits.maxConfigTextBytes else {
                throw ImageError(
                    .tooLarge,
                    "\(place)[\(index)] has \(text.utf8.count) bytes; the limit is \(ImageLimits.maxConfigTextBytes)")
            }
            guard !text.utf8.contains(0) else {
                throw ImageError(.badDocument, "\(place)[\(index)] has a zero byte")
            }
        }
    }
}
