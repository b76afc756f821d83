import Foundation

/// The HTTP client takes URLs apart with Foundation: it must come to the same host and port as our own rules.
public enum ClientURL {
    /// Whether Foundation finds the same scheme, host and port.
    public static func agrees(with url: HTTPURL) -> Bool {
        guard let parsed = URL(string: url.description), parsed.user == nil, parsed.password == nil,
            parsed.scheme == (url.isSecure ? "https" : "http"), let host = parsed.host,
            parsed.port ?? (url.isSecure ? 443 : 80) == Int(url.port)
        else { return false }
        switch url.host {
        case .name(let name): return host == name
        case .address(let address): return host == address.description || host == address.urlHost
        }
    }
}
