// The gateway says in a header which node answered.
fetch("/style.css", { method: "HEAD" }).then((response) => {
  const node = response.headers.get("skerry-node") ?? "unknown";
  document.getElementById("node").textContent = `Served by node ${node.slice(0, 16)}.`;
});
