import CJavaScriptCore

/// Text on its way between the engine's UTF-16 and our UTF-8.
enum ScriptText {
    /// A string for the engine, owned by the caller. ASCII is widened here: the engine's own UTF-8 conversion is
    /// thirty times slower and stops at a NUL.
    static func make(_ bytes: UnsafeBufferPointer<UInt8>) -> JSStringRef? {
        if bytes.allSatisfy({ $0 < 0x80 }) {
            return withUnsafeTemporaryAllocation(of: UInt16.self, capacity: bytes.count + 1) { units in
                for index in 0..<bytes.count { units[index] = UInt16(bytes[index]) }
                return JSStringCreateWithCharacters(units.baseAddress, bytes.count)
            }
        }
        let units = Array(String(decoding: bytes, as: UTF8.self).utf16)
        return JSStringCreateWithCharacters(units, units.count)
    }

    /// A string for the engine, owned by the caller.
    static func make(_ text: String) -> JSStringRef? {
        var text = text
        return text.withUTF8 { make($0) }
    }

    /// Lends the UTF-8 of a value's text, or of an empty text when converting it throws; a lone surrogate becomes U+FFFD.
    static func withBytes<Result>(
        of value: JSValueRef?, in context: JSContextRef?, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        guard let value, let string = JSValueToStringCopy(context, value, nil) else {
            return body(UnsafeBufferPointer(start: nil, count: 0))
        }
        defer { JSStringRelease(string) }
        let units = UnsafeBufferPointer(start: JSStringGetCharactersPtr(string), count: JSStringGetLength(string))
        guard units.allSatisfy({ $0 < 0x80 }) else {
            var text = String(decoding: units, as: UTF16.self)
            return text.withUTF8(body)
        }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: units.count + 1) { bytes in
            for index in 0..<units.count { bytes[index] = UInt8(truncatingIfNeeded: units[index]) }
            return body(UnsafeBufferPointer(rebasing: bytes[..<units.count]))
        }
    }

    /// The text of a value, at most `limit` bytes of it, cut at a character's boundary.
    static func text(of value: JSValueRef?, in context: JSContextRef?, limit: Int = .max) -> String {
        withBytes(of: value, in: context) { bytes in
            guard bytes.count > limit else { return String(decoding: bytes, as: UTF8.self) }
            var end = limit
            while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
            return String(decoding: bytes[..<end], as: UTF8.self)
        }
    }

    /// Makes a string value.
    static func value(_ text: String, in context: JSContextRef?) -> JSValueRef? {
        let string = make(text)
        defer { JSStringRelease(string) }
        return JSValueMakeString(context, string)
    }

    /// Makes a string value of UTF-8 bytes.
    static func value(_ bytes: UnsafeBufferPointer<UInt8>, in context: JSContextRef?) -> JSValueRef? {
        let string = make(bytes)
        defer { JSStringRelease(string) }
        return JSValueMakeString(context, string)
    }
}
