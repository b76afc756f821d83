"""The work of Benchmarks/machine-life: machine-life.py <skerry> <folder> <status of the network> <wake-ups>."""
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

skerry, work, status, wakes = sys.argv[1], sys.argv[2], json.load(open(sys.argv[3])), int(sys.argv[4])
nodes = status["nodes"]
PATIENCE = 90
# How often the state of machines is asked for, in seconds.
LOOK = 0.05
MANIFEST = """\
name = "{name}"
kind = "machine"
[vars]
VERSION = "{version}"
[machine]
image = "archive:{work}/notes.tar"
size = "shared-1x-64"
{scale}
[[machine.ports]]
port = 8080
[machine.health]
http = "/health"
interval = "1s"
[[machine.volumes]]
name = "data"
path = "/data"
size = "16MiB"
"""


def run(*words):
    done = subprocess.run([skerry, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=180)
    if done.returncode != 0:
        sys.exit(f"skerry {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def deploy(name, scale, version="1"):
    folder = f"{work}/{name}"
    os.makedirs(folder, exist_ok=True)
    text = MANIFEST.format(name=name, version=version, work=work, scale=scale)
    if "idle" not in scale:
        # The disk is in memory: a slot with a volume cannot run two releases at once, which is another benchmark.
        text = text.split("[[machine.volumes]]")[0].replace('[machine]\n', 'DATA = "/tmp"\n[machine]\n')
    with open(f"{folder}/skerry.toml", "w", encoding="utf-8") as file:
        file.write(text)
    return json.loads(run("deploy", folder, "--json"))


def machines(name):
    return json.loads(run("machines", "status", name, "--json"))["machines"]


def until(what, condition):
    end = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            sys.exit(f"{what} did not come within {PATIENCE} s")
        time.sleep(LOOK)


def address(node):
    return re.sub(r"^.*//", "", node["gateway"])


def ask(name, node, path="/whoami"):
    connection = http.client.HTTPConnection(address(node), timeout=40)
    try:
        connection.request("GET", path, headers={"Host": f"{name}.localhost"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


class Load:
    """wrk on one gateway, with 32 connections that stay open."""

    def __init__(self, name, node, seconds):
        self.process = subprocess.Popen(
            ["wrk", "--latency", "-t1", "-c32", f"-d{seconds}s", "-H", f"Host: {name}.localhost",
             f"http://{address(node)}/whoami"], stdout=subprocess.PIPE, text=True)

    def end(self):
        text = self.process.communicate()[0]
        failed = sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
        for line in re.findall(r"Socket errors: (.*)", text):
            failed += sum(int(number) for number in re.findall(r"\d+", line))
        requests = int(re.search(r"(\d+) requests in", text).group(1))
        rate = re.search(r"Requests/sec:\s+(\S+)", text).group(1)
        p99 = re.search(r"99%\s+(\S+)", text).group(1)
        return requests, failed, f"{requests} requests ({rate}/s, p99 {p99}), {failed} failed"


class Timeline:
    """Prints what changes in an app's slots, with seconds since its begin."""

    def __init__(self, name):
        self.name, self.begin, self.last, self.ends = name, time.monotonic(), {}, False
        self.thread = threading.Thread(target=self.follow)
        self.thread.start()

    def follow(self):
        while not self.ends:
            for row in machines(self.name):
                state = f"{row['state']}, release {row['release']}, node {row.get('node', '-')[:8]}"
                if self.last.get(row["slot"]) != state:
                    self.last[row["slot"]] = state
                    print(f"  {time.monotonic() - self.begin:7.2f} s  slot {row['slot']}  {state}")
            time.sleep(LOOK)

    def end(self):
        self.ends = True
        self.thread.join()


def wake_up():
    deploy("sleeper", 'min_replicas = 0\nmax_replicas = 1\nidle = "1s"')
    node = nodes[0]
    times = []
    for _ in range(wakes):
        until("its sleep", lambda: [row["state"] for row in machines("sleeper")] == ["asleep"])
        # So that it is not only about to stop.
        time.sleep(1)
        begin = time.monotonic()
        if ask("sleeper", node) != 200:
            sys.exit("a machine that slept did not answer")
        times.append((time.monotonic() - begin) * 1000)
    times.sort()
    print(f"  wake-up, request to answer: p50 {statistics.median(times):.0f} ms, least {times[0]:.0f}, most {times[-1]:.0f},"
          f" {wakes} times, with a volume")
    run("machines", "destroy", "sleeper", "--yes")


def roll_out():
    deploy("web", "replicas = 3")
    until("three copies", lambda: [row["state"] for row in machines("web")] == ["healthy"] * 3)
    for node in nodes:
        until("an answer everywhere", lambda: ask("web", node) == 200)
    print("  rolling update of three replicas, under wrk:")
    load = Load("web", nodes[0], 12)
    time.sleep(2)
    timeline = Timeline("web")
    begin = time.monotonic()
    release = deploy("web", "replicas = 3", "2")["release"]
    took = time.monotonic() - begin
    _, failed, text = load.end()
    timeline.end()
    if {row["release"] for row in machines("web")} != {release}:
        sys.exit("the new release is not everywhere")
    print(f"  deploy took {took:.2f} s; {text}")
    return failed


def fail_over(lease):
    run("machines", "scale", "web", "2")
    until("two copies", lambda: [row["state"] for row in machines("web")] == ["healthy"] * 2)
    # The first node keeps the ledger, and its gateway is asked.
    first = {node["id"] for node in nodes[:1]}
    victim = next(node for node in nodes for row in machines("web") if row.get("node") == node["id"] not in first)
    slots = [row["slot"] for row in machines("web") if row.get("node") == victim["id"]]
    print(f"  kill -9 of node {victim['id'][:8]}, which has slots {slots}; two replicas, lease {lease / 1000:.0f} s, under wrk:")
    load = Load("web", nodes[0], lease // 1000 + 12)
    time.sleep(2)
    timeline = Timeline("web")
    os.kill(victim["pid"], signal.SIGKILL)
    begin = time.monotonic()
    until("its copy elsewhere", lambda: all(
        row["state"] == "healthy" and row.get("node") != victim["id"] for row in machines("web")))
    took = time.monotonic() - begin
    _, failed, text = load.end()
    timeline.end()
    print(f"  healthy elsewhere after {took:.2f} s; {text}")
    return failed


if __name__ == "__main__":
    wake_up()
    lost = roll_out()
    lost += fail_over(15000)
    run("machines", "destroy", "web", "--yes")
    if lost:
        sys.exit(f"{lost} requests failed")
