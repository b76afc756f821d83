/// The files of a program in C that answers requests.
enum WasiTemplate {
    static func files(manifest: String) -> [String: String] {
        ["skerry.toml": manifest, "main.c": source, "Makefile": makefile, "files/greeting.txt": "Nice to see you.\n"]
    }

    private static let source = """
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>

        /* A request is the environment and standard input, the answer is standard output: header lines, an empty line,
           the body. What is written to standard error goes to the log. */

        static const char *variable(const char *name) {
            const char *value = getenv(name);
            return value ? value : "";
        }

        int main(void) {
            const char *query = variable("QUERY_STRING");
            const char *name = strncmp(query, "name=", 5) == 0 ? query + 5 : "world";
            fprintf(stderr, "greeting %s\\n", name);

            printf("Content-Type: text/plain; charset=utf-8\\r\\n\\r\\n");
            printf("%s, %s!\\n", variable("GREETING"), name);

            FILE *file = fopen("/greeting.txt", "r");
            char line[256];
            while (file && fgets(line, sizeof line, file)) printf("%s", line);

            if (strcmp(variable("REQUEST_METHOD"), "POST") == 0) {
                size_t count = 0;
                for (int byte; (byte = getchar()) != EOF;) count += 1;
                printf("You sent %zu bytes.\\n", count);
            }
            return 0;
        }

        """

    private static let makefile = """
        # Any compiler for wasm32-wasi does: Zig's, or the clang of the WASI SDK:
        #   make WASI_CC="/opt/wasi-sdk/bin/clang --target=wasm32-wasip1"
        WASI_CC ?= zig cc -target wasm32-wasi

        app.wasm: main.c
        \t$(WASI_CC) -Os -Wall -Wl,--strip-all -o $@ $<

        """
}
