"""scripts/bench: measure, print a row each, and say whether its mark is met."""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import servers  # noqa: E402
from table import ROWS  # noqa: E402
import uploads  # noqa: E402,F401
import house  # noqa: E402,F401
import engines  # noqa: E402,F401
import analyses  # noqa: E402,F401
import cluster  # noqa: E402,F401
import peers  # noqa: E402,F401
import stores  # noqa: E402,F401
import resumable  # noqa: E402,F401
import web  # noqa: E402,F401


def first_line(*args):
    try:
        done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout.strip().splitlines()[0]
    except (OSError, IndexError):
        return "absent"


def conditions():
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((x.split(":", 1)[1].strip() for x in cpu.splitlines() if x.startswith("model name")), "unknown")
    return {"processor": model, "processors": os.cpu_count(), "sha_extensions": " sha_ni" in cpu,
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
            "kernel": platform.release(), "nginx": first_line("nginx", "-v"), "openssl": first_line("openssl", "version"),
            "files": servers.raise_file_limit(), "load_before": os.getloadavg(),
            "commit": first_line("git", "-C", str(servers.SOURCE), "rev-parse", "--short", "HEAD")}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ROWS))
    parser.add_argument("--json", metavar="FILE", help="write everything there too")
    args = parser.parse_args()
    unknown = [n for n in args.names if n not in ROWS]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(ROWS)}")
    said, failed, short = [], [], 0
    where = conditions()
    print(", ".join(f"{k} {v}" for k, v in where.items() if k != "load_before"))
    print(f"load {' '.join(f'{x:.1f}' for x in where['load_before'])} on {where['processors']} processors\n")
    print(f"{'row':<34} {'figure':>22}  {'mark':>9}  {'':<6} seen")
    for name in args.names or ROWS:
        start, load_before = time.monotonic(), os.getloadavg()[0]
        try:
            rows = list(ROWS[name]())
        except Exception as problem:  # pylint: disable=broad-except  # the other rows are worth having
            failed.append(name)
            print(f"{name:<34} could not be measured: {problem}", flush=True)
            continue
        for r in rows:
            print(r.line(), flush=True)
            short += r.verdict == "short"
            said.append({**r.json(), "group": name, "seconds": round(time.monotonic() - start, 1),
                         "load": [load_before, os.getloadavg()[0]]})
    where["load_after"] = os.getloadavg()
    met = sum(r["verdict"] == "met" for r in said)
    print(f"\n{met} met, {short} short, {len(failed)} not measured; load {where['load_after'][0]:.1f}")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({"conditions": where, "rows": said, "failed": failed}, indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
