#!/usr/bin/env python3
"""A struct buf that is cleaned up on every way out must be initialised before the first of them: where a function
returns in between, the cleanup frees what lay on the stack. No compiler and no sanitizer sees that reliably."""

import pathlib
import re
import sys

DECLARED = re.compile(r"(?:struct buf (\w+) BUF_CLEANUP|BUF_CLEANUP struct buf (\w+));")


def findings(path):
    lines = path.read_text().split("\n")
    for at, line in enumerate(lines):
        match = DECLARED.search(line)
        if not match:
            continue
        name = match.group(1) or match.group(2)
        for later in range(at + 1, len(lines)):
            if f"buf_init(&{name}," in lines[later]:
                break
            if re.search(r"\b(return|goto|break|continue)\b", lines[later]) or lines[later] == "}":
                yield f"{path}:{later + 1}: leaves while {name} of line {at + 1} is not initialised"
                break


def main():
    top = pathlib.Path(sys.argv[1])
    files = sorted(p for part in ("src", "tools") for p in (top / part).rglob("*.c"))
    found = [f for p in files for f in findings(p)]
    print("\n".join(found) or f"{len(files)} files")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
