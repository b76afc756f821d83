export interface Place {
  name: string;
  /** Milliseconds from new moon's high water of the year 2000. */
  delay: number;
}

export interface Tide {
  time: string;
  kind: "high" | "low";
}

const places: Place[] = [
  { name: "harbour", delay: 0 },
  { name: "outer skerry", delay: 25 * 60_000 },
];

/** Half a lunar day, in milliseconds: the time between two high waters. */
const period = 44_714_000;
const epoch = Date.UTC(2000, 0, 6, 18, 14);

export function parsePlace(name: string | null): Place {
  return places.find((place) => place.name === name) ?? places[0];
}

/** The next tides of a place where nothing but the moon matters. */
export function nextTides(place: Place, now: number, count: number): Tide[] {
  const half = period / 2;
  const first = Math.ceil((now - epoch - place.delay) / half);
  return Array.from({ length: count }, (_, index) => ({
    time: new Date(epoch + place.delay + (first + index) * half).toISOString(),
    kind: (first + index) % 2 === 0 ? "high" : "low",
  }));
}
