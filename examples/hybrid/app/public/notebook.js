const place = (id) => document.getElementById(id);

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

place("form").onsubmit = async (event) => {
  event.preventDefault();
  try {
    await ask(`/notes/${place("name").value}`, { method: "PUT", body: place("text").value });
    await ask("/count", { method: "POST" });
    place("state").textContent = "saved";
    await show();
  } catch (error) {
    place("state").textContent = error.message;
  }
};

show().catch((error) => { place("state").textContent = error.message; });
