"""What a row of the ledger says, for people: docs/design/ledger-state.md has the form of rows."""

from wire import BadProof, require

RELEASE_KINDS = {1: "site", 2: "function"}
PARTICIPATION = {0: "never took part", 1: "takes part since epoch", 2: "left in epoch"}


class Row:
    """Reads a row from its front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        require(self.at + count <= len(self.data), "a row ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size=8):
        return int.from_bytes(self.take(size), "big")

    def text(self):
        return self.take(self.number()).decode()

    def endpoint(self):
        """host:port, or None."""
        if self.number(1) == 0:
            return None
        host = self.text()
        return f"[{host}]:{self.number()}" if ":" in host else f"{host}:{self.number()}"

    def parts(self, readers):
        """What stands at the row's end under numbers, in ascending order."""
        last = 0
        while self.at < len(self.data):
            part = self.number(1)
            require(part > last and part in readers, f"a row has a part {part} that is unknown or out of order")
            last = part
            yield readers[part](self)


def account(row):
    names = ("nonce", "balance", "names", "nodes", "channels")
    return [f"{name} {row.number()}" for name in names]


def node(row):
    row.take(row.number())
    result = [f"operator {row.take(32).hex()}", f"peer {row.endpoint()}", f"gateway {row.endpoint()}"]
    row.take(16)
    result.append(f"stake {row.number()}")
    row.take(24 * row.number())
    participation, epoch = PARTICIPATION.get(row.number(1)), row.number()
    result.append(participation if epoch == 0 and participation == PARTICIPATION[0] else f"{participation} {epoch}")
    # Barred until, weight, address group, and the share of the beacon.
    row.take(24)
    if row.number(1):
        row.take(48)
        row.take(32 * row.number(1))
    row.take(17 * row.number())
    result.append(f"reputation {row.number() / 1_000_000}")
    row.take(40)
    names = ("storage bytes", "memory bytes", "cpu millis", "bandwidth bytes a second")
    return result + list(row.parts({
        1: lambda row: ", ".join(f"{name} {row.number()}" for name in names),
        2: lambda row: f"admission evidence {row.take(32).hex()}",
    }))


def name(row):
    return [row.text(), f"owner {row.take(32).hex()}"]


def release(row):
    result = [row.text(), f"release {row.text()}", RELEASE_KINDS.get(row.number(1), "unknown kind")]
    result += [f"manifest {row.take(32).hex()} of {row.number()} bytes", f"message {row.text()!r}"]
    row.take(row.number())
    result.append(f"publisher {row.take(32).hex()}")
    row.take(16)
    return result + list(row.parts({
        1: lambda row: f"size class {row.text()}", 2: lambda row: f"replicas {row.number()}",
        3: lambda row: f"secrets envelope {row.take(32).hex()}",
    }))


READERS = {1: account, 2: node, 3: name, 4: release}


def describe(table, data):
    """The parts of a row that people ask for most; its bytes for other tables."""
    if table not in READERS:
        return data.hex()
    try:
        return ", ".join(READERS[table](Row(data)))
    except UnicodeDecodeError:
        raise BadProof("a row has text that is not UTF-8") from None
