import ArgumentParser

/// What `skerry functions create` writes.
enum FunctionTemplate: String, CaseIterable, ExpressibleByArgument {
    /// One JavaScript file.
    case js
    /// One TypeScript file.
    case ts
    /// A JSON API in two TypeScript files.
    case api
    /// A page, and an API below `/api/`.
    case siteAndAPI = "site-and-api"
    /// A program in C for WebAssembly.
    case wasi

    /// Whether deploying it needs `esbuild`.
    var needsBundler: Bool { self != .js && self != .wasi }
    /// Whether the code has to be compiled before it is deployed or tried out.
    var needsBuild: Bool { self == .wasi }

    /// Files by path, for an app of this name.
    func files(name: String, date: String) -> [String: String] {
        switch self {
        case .js: ["skerry.toml": manifest(name, "main.js", date), "main.js": FunctionTemplate.helloJS]
        case .ts:
            [
                "skerry.toml": manifest(name, "src/main.ts", date), "src/main.ts": FunctionTemplate.helloTS,
                "tsconfig.json": FunctionTemplate.tsconfig,
            ]
        case .api:
            [
                "skerry.toml": manifest(name, "src/main.ts", date), "src/main.ts": FunctionTemplate.apiTS,
                "src/router.ts": FunctionTemplate.routerTS, "tsconfig.json": FunctionTemplate.tsconfig,
            ]
        case .siteAndAPI:
            [
                "skerry.toml": manifest(name, "src/main.ts", date, site: true), "src/main.ts": FunctionTemplate.apiTS,
                "src/router.ts": FunctionTemplate.routerTS, "tsconfig.json": FunctionTemplate.tsconfig,
                "public/index.html": FunctionTemplate.page(name), "public/style.css": FunctionTemplate.style,
            ]
        case .wasi: WasiTemplate.files(manifest: manifest(name, "app.wasm", date, program: true))
        }
    }

    private func manifest(
        _ name: String, _ entry: String, _ date: String, site: Bool = false, program: Bool = false
    ) -> String {
        var text = """
            name = "\(name)"
            kind = "function"
            entry = "\(entry)"
            compatibility_date = "\(date)"

            """
        if site {
            text += """
                # Files that are served beside the function; the function answers below /api/ only.
                assets = "public"
                routes = ["/api/*"]

                """
        }
        if program {
            text += """
                # Files that the program can read, below /. The program answers everything, so visitors do not get them.
                assets = "files"
                routes = ["/*"]

                """
        }
        return text + """

            # Texts in env. Put what only this machine should know into .dev.vars.
            [vars]
            GREETING = "Hello"

            """
    }

    private static let helloJS = """
        export default {
          async fetch(request, env, ctx) {
            const name = new URL(request.url).searchParams.get("name") ?? "world";
            console.log("greeting", name);
            return new Response(`${env.GREETING}, ${name}!\\n`);
          },
        };

        """

    private static let helloTS = """
        interface Env {
          GREETING: string;
        }

        export default {
          async fetch(request: Request, env: Env): Promise<Response> {
            const name = new URL(request.url).searchParams.get("name") ?? "world";
            console.log("greeting", name);
            return new Response(`${env.GREETING}, ${name}!\\n`);
          },
        };

        """

    private static let apiTS = """
        import { Router } from "./router";

        interface Env {
          GREETING: string;
        }

        const router = new Router<Env>();

        router.get("/api/hello/:name", (_request, env, { name }) =>
          Response.json({ greeting: `${env.GREETING}, ${name}!` }),
        );

        router.post("/api/sum", async (request) => {
          const numbers: unknown = await request.json().catch(() => undefined);
          if (!Array.isArray(numbers) || !numbers.every((value) => typeof value === "number")) {
            return Response.json({ error: "send a list of numbers" }, { status: 400 });
          }
          return Response.json({ sum: numbers.reduce((sum, value) => sum + value, 0) });
        });

        export default { fetch: (request: Request, env: Env) => router.answer(request, env) };

        """

    private static let routerTS = """
        type Parameters = Record<string, string>;
        type Handler<Env> = (request: Request, env: Env, parameters: Parameters) => Response | Promise<Response>;

        /** Chooses a handler by method and path; `:name` in a path stands for one part of it. */
        export class Router<Env> {
          private readonly routes: { method: string; parts: string[]; handler: Handler<Env> }[] = [];

          get(path: string, handler: Handler<Env>): void {
            this.add("GET", path, handler);
          }

          post(path: string, handler: Handler<Env>): void {
            this.add("POST", path, handler);
          }

          async answer(request: Request, env: Env): Promise<Response> {
            const parts = new URL(request.url).pathname.split("/").map(decoded);
            const method = request.method === "HEAD" ? "GET" : request.method;
            for (const route of this.routes) {
              const parameters = match(route.parts, parts);
              if (route.method === method && parameters) return route.handler(request, env, parameters);
            }
            return Response.json({ error: "there is nothing here" }, { status: 404 });
          }

          private add(method: string, path: string, handler: Handler<Env>): void {
            this.routes.push({ method, parts: path.split("/"), handler });
          }
        }

        function decoded(part: string): string {
          try {
            return decodeURIComponent(part);
          } catch {
            return part;
          }
        }

        function match(pattern: string[], parts: string[]): Parameters | undefined {
          if (pattern.length !== parts.length) return undefined;
          const parameters: Parameters = {};
          for (const [index, part] of pattern.entries()) {
            if (part.startsWith(":")) parameters[part.slice(1)] = parts[index];
            else if (part !== parts[index]) return undefined;
          }
          return parameters;
        }

        """

    private static let tsconfig = """
        {
          "compilerOptions": {
            "target": "ES2022",
            "module": "ESNext",
            "moduleResolution": "Bundler",
            "lib": ["ES2022", "WebWorker"],
            "strict": true,
            "noEmit": true
          },
          "include": ["src"]
        }

        """

    private static func page(_ name: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(name)</title>
        <link rel="stylesheet" href="/style.css">
        </head>
        <body>
        <h1>\(name)</h1>
        <p id="greeting">…</p>
        <script type="module">
        const answer = await fetch("/api/hello/visitor");
        document.getElementById("greeting").textContent = (await answer.json()).greeting;
        </script>
        </body>
        </html>

        """
    }

    private static let style = """
        :root { color-scheme: light dark }
        body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem }

        """
}
