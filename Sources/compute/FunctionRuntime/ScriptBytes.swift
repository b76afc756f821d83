import CJavaScriptCore
import Glibc

/// Bytes on their way into and out of array buffers.
enum ScriptBytes {
    /// The memory of a typed array or an array buffer, valid until the engine is entered again; nil for any other value.
    static func span(of value: JSValueRef?, in context: JSContextRef?) -> UnsafeMutableRawBufferPointer? {
        guard let value, JSValueIsObject(context, value), let object = JSValueToObject(context, value, nil) else {
            return nil
        }
        let type = JSValueGetTypedArrayType(context, value, nil)
        if type == kJSTypedArrayTypeNone { return nil }
        if type == kJSTypedArrayTypeArrayBuffer {
            let start = JSObjectGetArrayBufferBytesPtr(context, object, nil)
            return UnsafeMutableRawBufferPointer(
                start: start, count: start == nil ? 0 : JSObjectGetArrayBufferByteLength(context, object, nil))
        }
        // The engine gives the start of the whole buffer, not of the view.
        let start = JSObjectGetTypedArrayBytesPtr(context, object, nil)
        return UnsafeMutableRawBufferPointer(
            start: start.map { $0 + JSObjectGetTypedArrayByteOffset(context, object, nil) },
            count: start == nil ? 0 : JSObjectGetTypedArrayByteLength(context, object, nil))
    }

    /// A new array buffer that holds a copy of `bytes`.
    static func makeBuffer(_ bytes: UnsafeRawBufferPointer, in context: JSContextRef?) -> JSObjectRef? {
        JSObjectMakeArrayBufferWithBytesNoCopy(context, leak(bytes), bytes.count, release, nil, nil)
    }

    /// A new `Uint8Array` that holds a copy of `bytes`.
    static func makeArray(_ bytes: UnsafeRawBufferPointer, in context: JSContextRef?) -> JSObjectRef? {
        JSObjectMakeTypedArrayWithBytesNoCopy(
            context, kJSTypedArrayTypeUint8Array, leak(bytes), bytes.count, release, nil, nil)
    }

    private static func leak(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer? {
        guard let memory = malloc(max(1, bytes.count)) else { return nil }
        if let start = bytes.baseAddress { memory.copyMemory(from: start, byteCount: bytes.count) }
        return memory
    }

    private static let release: JSTypedArrayBytesDeallocator = { memory, _ in free(memory) }
}
