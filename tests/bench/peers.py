"""Rows against what else people build such a server with; npm installs it into build/bench_peers."""

import shutil
import subprocess

from servers import SOURCE, Form, Httpd, Place, Server, expect, load
from table import Row, alternate, median, ratios, row
from house import House, asked
from uploads import ROUNDS, SIZE, post, timed

HOME = SOURCE / "build" / "bench_peers"
HERE = SOURCE / "tests" / "bench"


class Peers(Server):
    """busboy behind Node's own server on .port, fastify on .status_port."""

    def __init__(self, status_file):
        HOME.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, HOME / name)
        if not (HOME / "node_modules" / "fastify").exists():
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HOME, check=True, timeout=120,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        super().__init__(["node", HERE / "peers.js", status_file], cwd=HOME, stdout=subprocess.PIPE, text=True)
        self.port, self.status_port = map(int, self.process.stdout.readline().split()[1:])


@row("peers")
def peers():
    size = SIZE // 2
    with House() as house, Place(memory=True) as folder, Httpd(folder) as sinks:
        job, _ = house.running_job()
        path = f"/api/v1/jobs/{job}"
        text = folder / "status.json"
        text.write_bytes(house.get(path, house.token).body)
        with Peers(text) as node:
            form = Form(folder)
            body = lambda: expect(load("send", node.port, "POST", "/", *form.one(size)), 201)
            seen = alternate(ROUNDS, node=lambda: timed(node, body), ours=lambda: post(sinks, form, "null", size))
            rates = alternate(ROUNDS, node=lambda: asked(node, node.status_port, "/status")[:2],
                              ours=lambda: asked(house, house.port, path, house.bearer)[:2])
    speed = {k: [x[0] for x in v] for k, v in seen.items()}
    r = ratios(speed["ours"], speed["node"])
    yield Row("upload against busboy", median(r), "x busboy", ">=", 2.5,
              f"{median(speed['ours']):.0f} against {median(speed['node']):.0f} MB/s, both dropped", r)
    rate = {k: [x[0] for x in v] for k, v in rates.items()}
    cost = {k: median([x[1] for x in v]) for k, v in rates.items()}
    r = ratios(rate["ours"], rate["node"])
    yield Row("job status against fastify", median(r), "x fastify", ">=", 3,
              f"{median(rate['ours']):.0f} against {median(rate['node']):.0f} requests/s, fastify without account or "
              f"database; {cost['ours']:.0f} against {cost['node']:.0f} us of the processor", r)
