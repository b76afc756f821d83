/// The site that `skerry sites init` writes.
enum SiteTemplate {
    /// Texts by path.
    static func files(name: String) -> [String: String] {
        [
            "skerry.toml": """
            name = "\(name)"
            kind = "site"
            assets = "public"

            # [site]
            # spa = true         # paths without a file get index.html
            # clean_urls = true  # /about.html moves to /about

            """,
            "public/index.html": """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(name)</title>
            <link rel="stylesheet" href="/style.css">
            </head>
            <body>
            <main>
            <h1>\(name)</h1>
            <p>This site is served by every node of the network. Edit <code>public/index.html</code> and deploy again.</p>
            </main>
            </body>
            </html>

            """,
            "public/404.html": """
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><title>Not here</title><link rel="stylesheet" href="/style.css"></head>
            <body><main><h1>Not here</h1><p><a href="/">Home</a></p></main></body>
            </html>

            """,
            "public/style.css": """
            :root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
            main { max-width: 40rem; margin: 15vh auto; padding: 0 1rem; }

            """,
            "public/_redirects": """
            # from   to   status
            /home    /    301

            """,
            "public/_headers": """
            /*
              X-Content-Type-Options: nosniff
              Referrer-Policy: strict-origin-when-cross-origin
            /
              Link: </style.css>; rel=preload; as=style

            """,
        ]
    }
}
