import AppManifests
import Foundation

/// Keys in JSON that the value which was read from it does not have: most are misspelt.
enum UnknownKeys {
    /// A sentence on the first of them, in alphabetical order; nil if there is none.
    ///
    /// - Parameters:
    ///   - json: What `value` was decoded from.
    ///   - value: A structure whose keys are its properties' names, as are those of the structures in it.
    static func fault(in json: Data, as value: any Encodable) -> String? {
        (try? JSONSerialization.jsonObject(with: json)).flatMap { fault(in: $0, as: value, place: "") }
    }

    private static func fault(in json: Any, as value: Any, place: String) -> String? {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional:
            return mirror.children.first.flatMap { fault(in: json, as: $0.value, place: place) }
        case .collection:
            guard let items = json as? [Any] else { return nil }
            return zip(items, mirror.children).enumerated().lazy.compactMap { index, pair in
                fault(in: pair.0, as: pair.1.value, place: "\(place)\(index).")
            }.first
        case .struct:
            guard let object = json as? [String: Any] else { return nil }
            let known = mirror.children.compactMap(\.label)
            for (key, item) in object.sorted(by: { $0.key < $1.key }) {
                guard let child = mirror.children.first(where: { $0.label == key }) else {
                    let guess = Suggestion.nearest(to: key, among: known).map { "did you mean `\(place)\($0)`?" }
                    return "there is no key `\(place)\(key)`; \(guess ?? "known are \(known.joined(separator: ", "))")"
                }
                if let fault = fault(in: item, as: child.value, place: "\(place)\(key).") { return fault }
            }
            return nil
        default: return nil
        }
    }
}
