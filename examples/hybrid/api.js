// Notes of the page, kept by the machine of the same app, env.NOTES: /api/notes/NAME here is /notes/NAME there.
const LONGEST = 4096;

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const path = url.pathname.replace(/^\/api/, "");
    if (path !== "/count" && path !== "/notes" && !path.startsWith("/notes/")) {
      return Response.json({ error: "there is no such page" }, { status: 404 });
    }
    const init = { method: request.method };
    if (request.method === "PUT" || request.method === "POST") {
      const text = await request.text();
      if (text.length > LONGEST) return Response.json({ error: "the note is too long" }, { status: 413 });
      init.body = text;
    }
    const answer = await env.NOTES.fetch(new URL(path, "http://machine"), init);
    const text = await answer.text();
    if (path === "/notes") return Response.json({ notes: text.split("\n").filter(Boolean) });
    return new Response(text, { status: answer.status, headers: { "content-type": "text/plain; charset=utf-8" } });
  },
};
