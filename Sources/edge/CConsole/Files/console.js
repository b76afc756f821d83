// What a node says about itself and its network, asked again and again while somebody looks. It only reads.

const period = 2_000;
const longestPause = 30_000;
const timeout = 10_000;
/** Rows of a table at most. */
const most = 200;

const element = (id) => document.getElementById(id);

async function ask(path) {
  const answer = await fetch(`/api/v1/${path}`, { cache: "no-store", signal: AbortSignal.timeout(timeout) });
  if (!answer.ok) throw new Error(`${path} is answered with ${answer.status}`);
  return answer.json();
}

// Cells: a text, or an object with the text and how it looks.

const id = (text, length = 8) => ({ text: text ? text.slice(0, length) : "–", title: text ?? "", look: "id" });
const number = (text) => ({ text: `${text}`, look: "number" });
const link = (text, href) => ({ text, href });

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${count} B` : `${count.toFixed(1)} ${units[unit]}`;
}

const time = (milliseconds) => new Date(milliseconds).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Makes an element show a cell; what is the same already is not touched, so that a selection stays. */
function show(target, cell) {
  const { text, href, title = "", look = "" } = typeof cell === "object" ? cell : { text: cell };
  let place = target;
  if (href) {
    place = target.querySelector("a");
    if (!place) {
      place = document.createElement("a");
      target.replaceChildren(place);
    }
    if (place.getAttribute("href") !== href) place.setAttribute("href", href);
  }
  if (place.textContent !== text) place.textContent = text;
  if (target.title !== title) target.title = title;
  if (target.className !== look) target.className = look;
}

/** Makes a list of elements as long as the rows, and shows each of them. */
function fill(parent, tag, rows, showRow) {
  while (parent.children.length > rows.length) parent.lastElementChild.remove();
  while (parent.children.length < rows.length) parent.append(document.createElement(tag));
  rows.forEach((row, index) => showRow(parent.children[index], row));
}

function table(name, rows) {
  element(`${name}-count`).textContent = rows.length > most ? `${rows.length}, of which ${most} are shown` : `${rows.length}`;
  fill(element(name), "tr", rows.slice(0, most), (line, cells) => fill(line, "td", cells, show));
}

// Parts of the page.

function health(status) {
  if (status.ledger.failure) return { text: `halted: ${status.ledger.failure}`, look: "state bad" };
  return status.ready ? { text: "ready", look: "state good" } : { text: status.detail, look: "state warn" };
}

function showNode(status) {
  const ledger = status.ledger;
  const role = ledger.sequencer ? ", orders transactions" : "";
  const pairs = [
    ["id", id(status.id, 64)],
    ["network", id(status.network, 64)],
    ["version", status.version],
    ["gateway", link(status.gateway, status.gateway)],
    ["peer", status.peer],
    ["ledger", `entry ${ledger.sequence}, certified ${ledger.certified}, epoch ${ledger.epoch}, on ${ledger.engine}${role}`],
    ["blobs", `${status.blobCount}, ${bytes(status.blobBytes)}`],
  ];
  const list = element("node");
  pairs.flat().forEach((cell, index) => {
    show(list.children[index] ?? list.appendChild(document.createElement(index % 2 ? "dd" : "dt")), cell);
  });
}

const looks = { "this node": "good", alive: "good", suspect: "warn", unknown: "warn", dead: "bad", left: "quiet" };

function showNodes(nodes, status) {
  const peers = new Map(status.peers.map((peer) => [peer.id, peer]));
  table("nodes", nodes.map((node) => {
    const peer = peers.get(node.id);
    const state = node.id === status.id ? "this node" : node.participating ? (peer?.state ?? "unknown") : "left";
    const roundTrip = peer?.roundTripMilliseconds;
    return [
      id(node.id), { text: state, look: looks[state] ?? "" }, node.peer,
      number(roundTrip == null ? "–" : `${roundTrip.toFixed(1)} ms`), number(node.stake),
      node.inCommittee ? "yes" : "no", number(node.reputation.toFixed(2)),
    ];
  }));
}

/** Where an app is reached from this machine; nothing if the gateway is not on it. */
function address(name, gateway) {
  const url = new URL(gateway);
  return ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname) ? `http://${name}.localhost:${url.port || 80}/` : undefined;
}

function showApps(names, status) {
  element("apps-empty").hidden = names.length > 0;
  element("apps").closest(".wide").hidden = names.length === 0;
  table("apps", names.map((app) => {
    const live = app.releases.find((release) => release.live) ?? app.releases.at(-1);
    const trial = app.candidate ? `, ${app.candidate} for ${app.candidatePercent} %` : "";
    return [
      link(app.name, address(app.name, status.gateway)), live?.kind ?? "–", { text: `${app.live ?? "–"}${trial}`, look: "id" },
      live ? time(live.publishedMilliseconds) : "–", { text: live?.message ?? "", look: "text" },
      number(app.releases.length), app.domains.join(", ") || "–",
    ];
  }));
}

const machineLooks = { healthy: "good", asleep: "quiet", stopped: "quiet", ended: "quiet", backOff: "bad", lost: "bad" };

function showMachines(apps) {
  const machines = apps.flatMap((app) => app.machines);
  element("machines-section").hidden = machines.length === 0;
  table("machines", machines.map((machine) => [
    `${machine.app}/${machine.slot}`, { text: machine.state, look: machineLooks[machine.state] ?? "warn", title: machine.reason },
    id(machine.node), { text: machine.release, look: "id" }, number(`${(machine.cpuMillis / 10).toFixed(0)} %`),
    number(`${bytes(machine.memoryBytes)} of ${bytes(machine.memoryLimitBytes)}`), number(machine.restarts),
  ]));
}

async function allNodes() {
  const nodes = [];
  for (let next = ""; next !== undefined && nodes.length <= most; ) {
    const page = await ask(`nodes${next && `?after=${next}`}`);
    nodes.push(...page.nodes);
    next = page.next;
  }
  return nodes;
}

// Asking.

async function look() {
  const [status, nodes, names, machines] = await Promise.all([ask("node"), allNodes(), ask("names"), ask("machines")]);
  show(element("state"), health(status));
  showNode(status);
  showNodes(nodes, status);
  showApps(names.names, status);
  showMachines(machines.apps);
  document.title = `${status.ready ? "" : "! "}Skerry ${status.id.slice(0, 8)}`;
}

let pause = period;
let timer;

async function turn() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    await look();
    pause = period;
    element("main").hidden = false;
    document.documentElement.classList.remove("old");
  } catch (error) {
    pause = Math.min(pause * 2, longestPause);
    const rest = element("main").hidden ? "" : "; what is shown is old";
    show(element("state"), { text: `no answer (${error.message})${rest}`, look: "state bad" });
    document.documentElement.classList.add("old");
  }
  timer = setTimeout(turn, pause);
}

document.addEventListener("visibilitychange", turn);
turn();
