import { nextTides, parsePlace } from "./tides";

interface Env {
  TITLE: string;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    switch (`${request.method} ${url.pathname}`) {
      case "GET /api/title":
        return Response.json({ title: env.TITLE });
      case "GET /api/tides": {
        const place = parsePlace(url.searchParams.get("place"));
        console.log("tides for", place.name);
        return Response.json({ place: place.name, tides: nextTides(place, Date.now(), 4) });
      }
      default:
        return Response.json({ error: `${request.method} ${url.pathname} is not here` }, { status: 404 });
    }
  },
};
