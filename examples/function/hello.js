// Answers any path: a greeting as text, or as JSON when the client asks for it.
//   curl http://hello.localhost:<port>/?name=Ada
//   curl -H 'accept: application/json' http://hello.localhost:<port>/?name=Ada

const greeting = (name) => `Hello, ${name}!`;

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    const name = url.searchParams.get("name") ?? "world";
    console.log(`${request.method} ${url.pathname} for ${name}`);

    if (request.method === "POST") {
      const body = await request.text();
      return new Response(body.toUpperCase(), { headers: { "content-type": "text/plain; charset=utf-8" } });
    }
    if (request.headers.get("accept") === "application/json") {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return Response.json({ greeting: greeting(name), bytes: new TextEncoder().encode(greeting(name)).length });
    }
    return new Response(greeting(name) + "\n", { headers: { "content-type": "text/plain; charset=utf-8" } });
  },
};
