"""scripts/validate: measure what is known, and say how far off it is."""

import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import cells  # noqa: E402
import engine  # noqa: E402
import keys  # noqa: E402
import programs  # noqa: E402
import sources  # noqa: E402
import tables  # noqa: E402

POINTS_OF = ("middle", "child_4", "cadence_140", "cadence_80", "toddler_2", "asym_length", "left_away", "fps_60")
SEEDS = 3  # of each variant with chance in it
REPLACE = {"nothing": (), "heel_toe": (19, 20, 21, 22, 23, 24), "ankles": (11, 14), "knees": (10, 13), "hips": (8, 9, 12),
           "feet_ankles": (11, 14, 19, 20, 21, 22, 23, 24), "upper_body": (0, 1, 2, 5, 15, 16, 17, 18)}


def show(text, end="\n"):
    terminal = sys.stderr.isatty()
    if terminal or end == "\n":
        print(f"\r{text:<100}" if terminal else text, end=end, file=sys.stderr, flush=True)


def bar(done, all_):
    return "[" + ("#" * (20 * done // all_)).ljust(20, ".") + "]"


def make_all(names, jobs):
    """Render and pose every cell, @jobs at a time; yields each as it is done."""
    start, done = time.monotonic(), 0
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        waiting = {pool.submit(sources.make_cell, n): n for n in names}
        for ready in concurrent.futures.as_completed(waiting):
            done += 1
            left = (time.monotonic() - start) / done * (len(names) - done)
            show(f"validate: {bar(done, len(names))} walk {done} of {len(names)}, {left:.0f} s left: {waiting[ready]}",
                 end="\r" if sys.stderr.isatty() and done < len(names) else "\n")
            try:
                yield ready.result()
            except RuntimeError as problem:
                show(f"validate: {waiting[ready]} is left out: {problem}")


def measure_videos(names, jobs, book):
    found = {}
    for name, folder, points, heavy in make_all(names, jobs):
        comparison, result, truth = sources.video_cell(folder, points)
        book.add("video", name, comparison, result)
        book.engine[name] = engine.offsets(truth, points)
        if heavy:
            book.add("video_heavy", name, sources.video_cell(folder, heavy)[0])
        found[name] = (folder, points)
        tables.write_cells(book)
    return found


def measure_points(found, book):
    for name, (folder, points) in found.items():
        truth = programs.read_truth(folder)
        book.add("points", name, sources.points_cell(truth, "clean", 0))
        if name not in POINTS_OF:
            continue
        for variant in keys.VARIANTS:
            for seed in range(SEEDS if variant != "clean" else 0):
                book.add(f"points_{variant}", f"{name}/{seed}", sources.points_cell(truth, variant, seed))
        for layout in keys.LAYOUTS:
            if layout != "body_25":
                book.add(f"points_as_{layout}", name, sources.points_cell(truth, "noise_1px", 0, layout))
        for kind, which in REPLACE.items():
            book.add(f"replaced_{kind}", name, sources.replaced_cell(truth, points, which))
    middle = found.get("middle")
    if middle:
        book.nobody = {**sources.nobody(programs.read_truth(middle[0])), "standing_video": sources.standing_video()}


def measure_mocap(book):
    if not sources.mocap_there():
        show("validate: SKIP projected motion capture: ../shared/data/keypoints is not there")
        return
    for fps in (100, 30):
        for variant in keys.VARIANTS:
            for seed in range(SEEDS if variant != "clean" else 1):
                book.add(f"mocap_{fps}_{variant}", f"{fps}/{variant}/{seed}", sources.mocap_cell(fps, variant, seed))


def measure_real(book):
    book.real = list(sources.real_videos())
    if not book.real:
        show("validate: SKIP real videos: ../shared/data/video is not there")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/validate", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="four cells of the grid only")
    parser.add_argument("--only", metavar="PATTERN", help="cells whose name matches, as in 'child_*'")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="videos made at a time (2)")
    parser.add_argument("--write", action="store_true", help="renew the tables of docs/validation.md")
    args = parser.parse_args()
    if args.write and (args.quick or args.only):
        parser.error("--write needs the whole grid")
    return args


def main():
    args = arguments()
    names = [n for n in cells.VIDEO if (not args.quick or n in cells.QUICK) and fnmatch.fnmatch(n, args.only or "*")]
    if not names:
        print(f"validate: no cell is named {args.only}; there are {', '.join(cells.VIDEO)}", file=sys.stderr)
        return 64
    programs.WORK.mkdir(parents=True, exist_ok=True)
    book = tables.Book()
    found = measure_videos(names, args.jobs, book)
    measure_points(found, book)
    measure_mocap(book)
    measure_real(book)
    tables.write_all(book)
    print(tables.text(book))
    if args.write:
        tables.write_doc(book)
    return 0 if len(found) == len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
