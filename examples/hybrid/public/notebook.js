const place = (id) => document.getElementById(id);

/** Asks the function, which asks the machine. */
async function ask(path, init) {
  const answer = await fetch(`/api${path}`, init);
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return answer;
}

async function show() {
  const { notes } = await (await ask("/notes")).json();
  place("notes").replaceChildren(...notes.map((name) => {
    const item = document.createElement("li");
    item.textContent = name;
    item.onclick = async () => {
      place("name").value = name;
      place("text").value = await (await ask(`/notes/${name}`)).text();
    };
    return item;
  }));
  place("count").textContent = (await (await ask("/count")).text()).trim();
}

/** Asks the machine itself, without the function between. */
async function meet() {
  place("whoami").textContent = (await (await fetch("/machine/whoami")).text()).trim();
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/machine/ws`);
  socket.onopen = () => socket.send("open");
  socket.onmessage = ({ data }) => { place("socket").textContent = data; };
  socket.onerror = () => { place("socket").textContent = "broken"; };
}

place("form").onsubmit = async (event) => {
  event.preventDefault();
  place("state").textContent = "saving";
  try {
    await ask(`/notes/${place("name").value}`, { method: "PUT", body: place("text").value });
    await ask("/count", { method: "POST" });
    await show();
    place("state").textContent = "saved";
  } catch (error) {
    place("state").textContent = error.message;
  }
};

for (const start of [show, meet]) start().catch((error) => { place("state").textContent = error.message; });
