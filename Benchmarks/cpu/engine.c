/* The engine alone: evaluates a script and calls work[kind]() for as long as it is told, in this process, as it is.
   Prints {"calls": …, "seconds": …, "cpu": …, "answer": …}. */
#include <JavaScriptCore/JavaScript.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double wall(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static double processor(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static char *read_all(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *text = calloc(1, (size_t)length + 1);
    if (text && fread(text, 1, (size_t)length, file) != (size_t)length) text = NULL;
    fclose(file);
    return text;
}

static JSValueRef evaluate(JSContextRef context, const char *text) {
    JSStringRef script = JSStringCreateWithUTF8CString(text);
    JSValueRef exception = NULL, value = JSEvaluateScript(context, script, NULL, NULL, 1, &exception);
    JSStringRelease(script);
    return exception ? NULL : value;
}

int main(int count, char **arguments) {
    if (count != 5) return fprintf(stderr, "usage: engine SCRIPT KIND WARM-UP SECONDS\n"), 64;
    char *script = read_all(arguments[1]), call[128];
    JSGlobalContextRef context = JSGlobalContextCreate(NULL);
    snprintf(call, sizeof call, "() => work.%.32s()", arguments[2]);
    if (!script || !evaluate(context, script)) return fprintf(stderr, "engine: the script fails\n"), 1;
    JSValueRef function = evaluate(context, call);
    if (!function) return fprintf(stderr, "engine: there is no such work\n"), 1;
    JSValueProtect(context, function);
    char answer[256] = "";
    double begin = wall(), warm = atof(arguments[3]), seconds = atof(arguments[4]), start = 0, before = 0;
    long calls = 0;
    for (;;) {
        double now = wall();
        if (!start && now - begin >= warm) start = now, before = processor(), calls = 0;
        if (start && now - start >= seconds) break;
        JSValueRef exception = NULL;
        JSValueRef value = JSObjectCallAsFunction(context, (JSObjectRef)function, NULL, 0, NULL, &exception);
        if (exception) return fprintf(stderr, "engine: the work fails\n"), 1;
        JSStringRef text = JSValueToStringCopy(context, value, NULL);
        JSStringGetUTF8CString(text, answer, sizeof answer);
        JSStringRelease(text);
        calls++;
    }
    printf("{\"calls\": %ld, \"seconds\": %.6f, \"cpu\": %.6f, \"answer\": \"%s\"}\n", calls, wall() - start,
           processor() - before, answer);
    return 0;
}
