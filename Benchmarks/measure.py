"""What the benchmarks share and a shell cannot do well: timing, processor time, loads of requests, tables.

Results are JSON lines {"round", "name", metric…} in a file; `report` compares them round by round.
"""

import argparse
import http.client
import json
import mmap
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# A load may answer late by this much before it counts as hung.
LOAD_GRACE_SECONDS = 30
# One request of `visit`.
VISIT_TIMEOUT_SECONDS = 40


def fail(message):
    sys.exit(f"measure: {message}")


def record(path, **values):
    with open(path, "a") as file:
        file.write(json.dumps(values) + "\n")


def read_stat(pid):
    """The fields of /proc/<pid>/stat after the command's name, which may hold spaces; None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def cpu_seconds(roots):
    """Processor time of processes, their descendants and the descendants that they have reaped."""
    parents, times = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := read_stat(entry)):
            parents[int(entry)] = int(fields[1])
            times[int(entry)] = sum(int(field) for field in fields[11:15])
    wanted = {pid for pid in roots if pid in times}
    while True:
        more = {pid for pid, parent in parents.items() if parent in wanted} - wanted
        if not more:
            return sum(times[pid] for pid in wanted) / TICKS_PER_SECOND
        wanted |= more


def port(_):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        print(listener.getsockname()[1])


def touch(arguments):
    """Makes a virtual machine's host hand out memory before something is timed: at most half of what is free."""
    with open("/proc/meminfo") as file:
        available = next(int(line.split()[1]) for line in file if line.startswith("MemAvailable:"))
    count = min(int(arguments.mib) << 20, (available << 10) // 2)
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_POPULATE", 0)
    mmap.mmap(-1, count, flags=flags).close()


def field(arguments):
    """Prints a value of a JSON object, or of each object in a list of it."""
    with open(arguments.file) as file:
        value = json.load(file)
    for key in arguments.path:
        value = [item.get(key) for item in value] if isinstance(value, list) else value[key]
    for item in value if isinstance(value, list) else [value]:
        print("" if item is None else item)


def timed(arguments):
    """Runs a command; records seconds, the processor time of it and of the servers in --pids, and its output's rate."""
    before = cpu_seconds(arguments.pids)
    start = time.monotonic()
    child = subprocess.Popen(arguments.command, stdout=subprocess.PIPE)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - start
    cpu = usage.ru_utime + usage.ru_stime + cpu_seconds(arguments.pids) - before
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        fail(f"{arguments.name}: {' '.join(arguments.command)} ended with {child.returncode}")
    text = output.decode(errors="replace").strip()
    if arguments.expect is not None and text != arguments.expect:
        fail(f"{arguments.name}: printed {text[:200]!r} instead of {arguments.expect!r}")
    rate = arguments.mib / seconds if arguments.mib else None
    record(arguments.results, round=arguments.round, name=arguments.name, seconds=seconds, cpu=cpu, rate=rate)
    if arguments.expect is None and text:
        print(text)


def hash_in_process(arguments):
    """Times PyPI's blake3 on a file and leaves the start of the interpreter out."""
    import blake3

    threads = arguments.threads or blake3.blake3.AUTO
    start, before = time.monotonic(), time.process_time()
    hasher = blake3.blake3(max_threads=threads)
    if hasattr(hasher, "update_mmap"):
        hasher.update_mmap(arguments.file)
    else:
        with open(arguments.file, "rb") as file:
            while block := file.read(8 << 20):
                hasher.update(block)
    found = hasher.hexdigest()
    seconds, cpu = time.monotonic() - start, time.process_time() - before
    if found != arguments.expect:
        fail(f"{arguments.name}: found {found} instead of {arguments.expect}")
    rate = arguments.mib / seconds
    record(arguments.results, round=arguments.round, name=arguments.name, seconds=seconds, cpu=cpu, rate=rate)


def load(arguments):
    """Runs wrk; any answer but the expected one, and any broken connection, is an error."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check.lua")
    command = [
        "wrk", "-t1", f"-c{arguments.connections}", f"-d{arguments.seconds}s", "--timeout", "20s", "-s", script,
        "-H", f"Host: {arguments.host}", arguments.url,
    ]
    before = cpu_seconds(arguments.pids)
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=arguments.seconds + LOAD_GRACE_SECONDS,
        env=os.environ | ({"BENCH_EXPECT": arguments.expect} if arguments.expect else {}))
    cpu = cpu_seconds(arguments.pids) - before
    match = re.search(r"^result (\{.*\})$", result.stdout, re.MULTILINE)
    if result.returncode != 0 or not match:
        fail(f"{arguments.name}: wrk said {result.stdout} {result.stderr}")
    found = json.loads(match[1])
    if found["requests"] == 0:
        fail(f"{arguments.name}: no answer from {arguments.url} within {arguments.seconds} s")
    errors = sum(found[kind] for kind in ("connect", "read", "write", "status", "timeout", "wrong"))
    record(
        arguments.results, round=arguments.round, name=arguments.name, requests=found["requests"], errors=errors,
        rate=found["requests"] / (found["microseconds"] / 1e6), p50=found["p50"] / 1e3, p99=found["p99"] / 1e3,
        cpu=cpu * 1e6 / found["requests"])
    if errors:
        fail(f"{arguments.name}: {errors} errors in {found['requests']} requests: {json.dumps(found)}")


def engine(arguments):
    """Runs a program that calls something for some seconds; its answer is written to a file, or compared with it."""
    child = subprocess.run(arguments.command, capture_output=True, text=True, timeout=LOAD_GRACE_SECONDS * 2)
    if child.returncode != 0:
        fail(f"{arguments.name}: {' '.join(arguments.command)} ended with {child.returncode}: {child.stderr}")
    found = json.loads(child.stdout)
    if found["calls"] == 0:
        fail(f"{arguments.name}: not one call within {found['seconds']} s")
    if os.path.exists(arguments.answer):
        with open(arguments.answer) as file:
            if (expected := file.read()) != found["answer"]:
                fail(f"{arguments.name}: answered {found['answer']!r} instead of {expected!r}")
    with open(arguments.answer, "w") as file:
        file.write(found["answer"])
    record(
        arguments.results, round=arguments.round, name=arguments.name, rate=found["calls"] / found["seconds"],
        cpu=found["cpu"] * 1e6 / found["calls"])


def load_http2(arguments):
    """Runs h2load; any answer but a 200, and any broken stream, is an error."""
    command = [
        "h2load", "-t1", f"-c{arguments.connections}", f"-m{arguments.streams}", f"-D{arguments.seconds}",
        f"--header=:authority: {arguments.host}", arguments.url,
    ]
    before = cpu_seconds(arguments.pids)
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=arguments.seconds + LOAD_GRACE_SECONDS)
    cpu = cpu_seconds(arguments.pids) - before
    rate = re.search(r"^finished in .*?, ([\d.]+) req/s", result.stdout, re.MULTILINE)
    counts = re.search(
        r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", result.stdout)
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", result.stdout)
    if result.returncode != 0 or not (rate and counts and codes) or int(counts[2]) == 0:
        fail(f"{arguments.name}: h2load said {result.stdout} {result.stderr}")
    errors = sum(int(counts[kind]) for kind in (3, 4, 5)) + sum(int(codes[kind]) for kind in (2, 3, 4))
    record(
        arguments.results, round=arguments.round, name=arguments.name, requests=int(counts[2]), errors=errors,
        rate=float(rate[1]), cpu=cpu * 1e6 / int(counts[2]))
    if errors:
        fail(f"{arguments.name}: {errors} errors: {result.stdout}")


def first_byte(port, host):
    """Milliseconds from the begin of a request on an open connection to the first byte of its answer, and the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=VISIT_TIMEOUT_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
        start = time.perf_counter()
        connection.sendall(request)
        answer = connection.recv(65536)
        milliseconds = (time.perf_counter() - start) * 1e3
        while part := connection.recv(65536):
            answer += part
    return milliseconds, answer


def first_bytes(arguments):
    """Asks each of some apps once; records the median and the 99th percentile of the times to the first byte."""
    times = []
    for number in range(arguments.first, arguments.first + arguments.count):
        milliseconds, answer = first_byte(arguments.port, f"{arguments.prefix}{number}.localhost")
        if not answer.startswith(b"HTTP/1.1 200 ") or arguments.expect.encode() not in answer:
            fail(f"{arguments.prefix}{number} answered {answer[:300]!r}")
        times.append(milliseconds)
        time.sleep(arguments.pause)
    record_times(arguments, times)


def record_times(arguments, times):
    cuts = statistics.quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
    record(arguments.results, round=arguments.round, name=arguments.name, p50=cuts[49], p99=cuts[98])


def process_starts(arguments):
    """Starts a server again and again; records the times from its start to the first byte of its first answer."""
    times = []
    for _ in range(arguments.count):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            number = listener.getsockname()[1]
        start = time.perf_counter()
        child = subprocess.Popen(
            arguments.command, env=os.environ | {"PORT": str(number)}, stdout=subprocess.DEVNULL)
        try:
            while True:
                try:
                    first_byte(number, "localhost")
                    break
                except ConnectionRefusedError:
                    if child.poll() is not None or time.perf_counter() - start > LOAD_GRACE_SECONDS:
                        fail(f"{arguments.name}: {' '.join(arguments.command)} does not serve")
                    time.sleep(0.0002)
            times.append((time.perf_counter() - start) * 1e3)
        finally:
            child.kill()
            child.wait()
    record_times(arguments, times)


def workers(arguments):
    """Prints how many workers a node has and the private memory of one, in MiB: median and maximum."""
    private = []
    for entry in os.listdir("/proc"):
        fields = read_stat(entry) if entry.isdigit() else None
        if not fields or int(fields[1]) != arguments.pid:
            continue
        try:
            with open(f"/proc/{entry}/smaps_rollup") as file:
                kinds = (line.split() for line in file if line.startswith("Private_"))
                private.append(sum(int(kind[1]) for kind in kinds) / 1024)
        except (FileNotFoundError, ProcessLookupError):
            continue
    if private:
        print(f"{len(private)} workers, private memory {statistics.median(private):.1f} MiB each (median), "
              f"{max(private):.1f} at most")


def visit(arguments):
    """Asks for a page again and again until SIGTERM, then writes how often each outcome was seen."""
    outcomes, running = {}, True

    def stop(*_):
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    expected = open(arguments.expect, "rb").read() if arguments.expect else None
    while running:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", arguments.port, timeout=VISIT_TIMEOUT_SECONDS)
            connection.request("GET", "/", headers={"Host": f"{arguments.app}.localhost:{arguments.port}"})
            answer = connection.getresponse()
            body = answer.read()
            code = re.search(rb"Code: ([a-z/-]+)", body) if answer.status != 200 else None
            outcome = f"{answer.status} {code[1].decode()}" if code else str(answer.status)
            if expected is not None and answer.status == 200 and body != expected:
                outcome = "200 with the wrong content"
            connection.close()
        except (OSError, http.client.HTTPException) as error:
            outcome = type(error).__name__
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        time.sleep(arguments.pause)
    with open(arguments.output, "w") as file:
        json.dump(outcomes, file)


def outcomes(arguments):
    """Prints the sums of what `visit` wrote."""
    total = {}
    for path in arguments.files:
        with open(path) as file:
            for outcome, count in json.load(file).items():
                total[outcome] = total.get(outcome, 0) + count
    print(", ".join(f"{count} × {outcome}" for outcome, count in sorted(total.items())))


def calls(arguments):
    """Prints how many requests the loads of one name had answered."""
    with open(arguments.results) as file:
        rows = [json.loads(line) for line in file]
    print(sum(row["requests"] for row in rows if row["name"] == arguments.name))


def kill_at(arguments):
    """Kills a process once a file that is being written has enough bytes. Fails if that does not happen."""
    deadline = time.monotonic() + arguments.timeout
    folder, prefix = os.path.split(arguments.file)
    while time.monotonic() < deadline:
        for name in os.listdir(folder):
            # A file that was renamed meanwhile had all of its bytes: too late.
            path = os.path.join(folder, name)
            if name.startswith(prefix) and os.path.exists(path) and os.path.getsize(path) >= arguments.bytes:
                return os.kill(arguments.pid, signal.SIGKILL)
        time.sleep(0.001)
    fail(f"{arguments.file} did not reach {arguments.bytes} bytes within {arguments.timeout} s")


COLUMNS = {
    "seconds": ("s", "{:.3f}"), "rate": (None, "{:,.0f}"), "cpu": (None, "{:.2f}"),
    "p50": ("p50 ms", "{:.2f}"), "p99": ("p99 ms", "{:.2f}"),
}


def report(arguments):
    """One line a name in the order of first appearance: medians, and the medians of the per-round ratios."""
    rows, order = {}, []
    with open(arguments.results) as file:
        for line in file:
            row = json.loads(line)
            if row["name"] not in order:
                order.append(row["name"])
            rows[row["round"], row["name"]] = row
    rounds = sorted({number for number, _ in rows})
    bases = [base for base in arguments.against if base in order]
    units = {"rate": arguments.rate_unit, "cpu": arguments.cpu_unit}
    shown = [key for key in COLUMNS if any(row.get(key) is not None for row in rows.values())]
    # Where nothing is counted, times are compared.
    compared = [("rate", "rate") if "rate" in shown else ("seconds", "time")]
    if arguments.cpu_ratio:
        compared.append(("cpu", "CPU"))
    head = [""] + [COLUMNS[key][0] or units[key] for key in shown]
    head += [f"{label} / {base}" for _, label in compared for base in bases]
    table = [head]
    for name in order:
        cells = [name]
        for key in shown:
            values = [row[key] for number in rounds if (row := rows.get((number, name))) and row.get(key) is not None]
            cells.append(COLUMNS[key][1].format(statistics.median(values)) if values else "")
        for key, _ in compared:
            for base in bases:
                pairs = [(rows.get((number, name)), rows.get((number, base))) for number in rounds]
                pairs = [(mine.get(key), its.get(key)) for mine, its in pairs if mine and its]
                ratios = [mine / its for mine, its in pairs if mine and its]
                cells.append(f"{statistics.median(ratios):.2f}" if ratios else "")
        table.append(cells)
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join([row[0].ljust(widths[0])] + cells))
    if len(rounds) > 1:
        print(f"  medians of {len(rounds)} interleaved rounds; ratios are medians of the ratios of each round")
    else:
        print("  one round only: ratios say little")


def pids(text):
    return [int(part) for part in text.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name, run, *names, **options):
        one = commands.add_parser(name)
        one.set_defaults(run=run)
        for argument in names:
            one.add_argument(argument, type=int if argument in ("round", "port", "bytes", "pid") else str)
        for option, settings in options.items():
            one.add_argument(f"--{option.replace('_', '-')}", **settings)
        return one

    text, number = {"default": None}, lambda value: {"type": int, "default": value}
    servers = {"type": pids, "default": []}
    command("port", port)
    command("touch", touch, "mib")
    command("field", field, "file").add_argument("path", nargs="+")
    command("timed", timed, "results", "round", "name", expect=text, mib=number(0), pids=servers).add_argument(
        "command", nargs="+")
    command(
        "hash", hash_in_process, "results", "round", "name", "file", expect=text, mib=number(0), threads=number(0))
    command(
        "load", load, "results", "round", "name", "host", "url", expect=text, pids=servers, seconds=number(3),
        connections=number(32))
    command("engine", engine, "results", "round", "name", "answer").add_argument("command", nargs="+")
    command(
        "load-http2", load_http2, "results", "round", "name", "host", "url", pids=servers, seconds=number(3),
        connections=number(32), streams=number(8))
    share = {"type": float, "default": 0.0}
    command(
        "first-bytes", first_bytes, "results", "round", "name", "prefix", "port", first=number(1), count=number(20),
        expect={"default": ""}, pause=share)
    command("process-starts", process_starts, "results", "round", "name", count=number(10)).add_argument(
        "command", nargs="+")
    command("workers", workers, "pid")
    command("visit", visit, "app", "port", "output", expect=text, pause={"type": float, "default": 0.02})
    command("outcomes", outcomes).add_argument("files", nargs="+")
    command("calls", calls, "results", "name")
    command("kill-at", kill_at, "file", "bytes", "pid", timeout={"type": float, "default": 60})
    command(
        "report", report, "results", against={"action": "append", "default": []},
        rate_unit={"default": "MiB/s"}, cpu_unit={"default": "CPU s"}, cpu_ratio={"action": "store_true"})
    arguments = parser.parse_args()
    arguments.run(arguments)


main()
