// JavaScriptCore's C API, the exported functions that its headers leave out, and the few GLib calls that drive the
// engine's deferred work. GLib is declared here rather than included: its headers would double the compile time.
#pragma once

#include <JavaScriptCore/JavaScript.h>
#include <stdbool.h>
#include <stddef.h>

/// Asked when an entry has used its CPU time: true stops the script with an exception that it cannot catch.
typedef bool (*JSShouldTerminateCallback)(JSContextRef context, void *data);

JS_EXPORT void JSContextGroupSetExecutionTimeLimit(
    JSContextGroupRef group, double seconds, JSShouldTerminateCallback callback, void *data);
JS_EXPORT void JSGlobalContextSetUnhandledRejectionCallback(
    JSGlobalContextRef context, JSObjectRef function, JSValueRef *exception);
JS_EXPORT void JSDisableGCTimer(void);
JS_EXPORT void JSSynchronousGarbageCollectForDebugging(JSContextRef context);

/// Calls `function` with the first `count` of the values, at most four.
///
/// The collector looks for values in the engine's heap, in registers and on the stack, not in memory of `malloc`'s: a
/// value that waits in a Swift array while the next one is made may be collected meanwhile. Passed one by one, and
/// gathered here, they never leave the stack.
static inline JSValueRef SkerryCall(
    JSContextRef context, JSObjectRef function, size_t count, JSValueRef first, JSValueRef second, JSValueRef third,
    JSValueRef fourth, JSValueRef *exception) {
    const JSValueRef arguments[] = {first, second, third, fourth};
    return JSObjectCallAsFunction(context, function, NULL, count, arguments, exception);
}

/// The layout of GLib's `GPollFD`.
typedef struct {
    int fd;
    unsigned short events;
    unsigned short revents;
} SkerryPollDescriptor;

typedef struct _GMainContext SkerryMainContext;

SkerryMainContext *g_main_context_new(void);
void g_main_context_push_thread_default(SkerryMainContext *context);
int g_main_context_acquire(SkerryMainContext *context);
int g_main_context_prepare(SkerryMainContext *context, int *priority);
int g_main_context_query(
    SkerryMainContext *context, int max_priority, int *timeout_milliseconds, SkerryPollDescriptor *descriptors,
    int count);
int g_main_context_check(
    SkerryMainContext *context, int max_priority, SkerryPollDescriptor *descriptors, int count);
void g_main_context_dispatch(SkerryMainContext *context);
int g_main_context_iteration(SkerryMainContext *context, int may_block);
