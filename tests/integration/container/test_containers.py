#!/usr/bin/env python3
"""pbs/engine.sh through the real job script and real Podman, as root and as an account without privileges. Engines are
probe.c, which does and sees what a video asks for, and the CPU engine's own image. The GPU is a stand-in: CDI
specifications in a private mount of /etc. Nothing sleeps: tests wait for requests or for processes to end."""

import contextlib
import glob
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[2]
sys.path.insert(0, str(HERE.parent / "job_script"))
from peer import ATTEMPT, TOKEN, Peer  # noqa: E402

IMAGES = pathlib.Path(os.environ.get("GAIT_TEST_IMAGES", SOURCE / "build/asan/tests/images"))
BIN = pathlib.Path(os.environ.get("GAITD_BIN", SOURCE / "build/asan/bin"))
WEIGHTS = SOURCE / "build/weights"
SAMPLE = BIN.parent / "sample"
USER = f"gaitbox{os.getpid()}"
ADMIN = os.environ["PATH"] + ":/usr/sbin:/sbin"


def wait_until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not come: {what() if callable(what) else what}")
        time.sleep(0.05)


class Containers:
    """The tests of one kind of account; base holds all that it needs."""
    account = None  # None: as root

    @classmethod
    def setUpClass(cls):
        if os.getuid() != 0 and cls.account:
            raise unittest.SkipTest("only root can make an account")
        cls.base = pathlib.Path(tempfile.mkdtemp(prefix="gbox-"))
        cls.addClassCleanup(cls.remove)
        cls.base.chmod(0o755)
        cls.prefix = []
        if cls.account:
            subprocess.run(["useradd", "--no-create-home", "--home-dir", "/nonexistent", USER], check=True,
                           env={"PATH": ADMIN}, capture_output=True)
            cls.addClassCleanup(subprocess.run, ["userdel", USER], env={"PATH": ADMIN}, capture_output=True, check=True)
            user = pwd.getpwnam(USER)
            cls.prefix = ["setpriv", "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
        # An account may not read the sources.
        shutil.copytree(SOURCE / "pbs", cls.base / "pbs")
        shutil.copy(IMAGES / "probe.tar", cls.base)
        subprocess.run(["chmod", "-R", "a+rX", str(cls.base)], check=True)
        cls.own("scratch", "jobs", "cache")
        cls.can_run()

    @classmethod
    def remove(cls):
        subprocess.run(["chmod", "-R", "u+rwX", str(cls.base)], check=False, capture_output=True)
        shutil.rmtree(cls.base)

    @classmethod
    def own(cls, *names):
        for name in names:
            (cls.base / name).mkdir(mode=0o700, exist_ok=True)
            if cls.account:
                shutil.chown(cls.base / name, USER, USER)

    @classmethod
    def can_run(cls):
        """Plain Podman, without our script: where that cannot run a container, nothing can be tested."""
        cls.own("try")
        conf = cls.base / "containers.conf"
        conf.write_text('[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n')
        conf.chmod(0o644)
        podman = f"podman --root {cls.base}/try/g --runroot {cls.base}/try/r --tmpdir {cls.base}/try/t"
        script = f"""{podman} load -q -i {cls.base}/probe.tar && {podman} run --rm --network=none --log-driver=none \
            --ulimit nproc=20000:20000 --ulimit nofile=1024:1024 localhost/probe:1 gait-pose --version
            s=$?; kill -KILL $(cat {cls.base}/try/t/pause.pid {cls.base}/try/libpod/tmp/pause.pid 2>/dev/null) 2>/dev/null; exit $s"""
        done = subprocess.run([*cls.prefix, "bash", "-c", script], text=True, capture_output=True, check=False, timeout=120,
                              cwd="/", env={"PATH": ADMIN, "HOME": str(cls.base / "try"), "CONTAINERS_CONF": str(conf),
                                            "XDG_RUNTIME_DIR": str(cls.base / "try"), "TMPDIR": str(cls.base / "try")})
        if done.returncode != 0:
            raise unittest.SkipTest(f"Podman cannot run containers here: {done.stderr.strip().splitlines()[-1:]}")

    def setUp(self):
        self.dir = self.base / "jobs" / ATTEMPT
        self.own(f"jobs/{ATTEMPT}")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.scratch = self.base / "scratch"
        self.extra, self.log = [], ""
        self.addCleanup(self.assert_nothing_left)

    def peer(self, front="walk", side="walk", **videos):
        peer = Peer({"front": front.encode() + b"\n", "side": side.encode() + b"\n", **videos})
        self.addCleanup(peer.__exit__)
        return peer

    def start(self, peer, gpu=False, **env):
        path = self.dir / "job.json"
        path.write_text(json.dumps({"attempt": ATTEMPT, "token": TOKEN, "walltime_s": 600, "want_gpu": gpu,
                                    "callback_url": f"{peer.url}/api/v1"}))
        if self.account:
            shutil.chown(path, USER, USER)
        path.chmod(0o600)
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "GAIT_ENGINE": "podman",
               "GAIT_IMAGE": str(self.base / "probe.tar"), "GAIT_SCRATCH": str(self.scratch), "GAIT_COMPLETION_S": "30",
               "GAIT_SECRET": "not-for-containers", **env}
        process = subprocess.Popen([*self.extra, *self.prefix, "bash", str(self.base / "pbs/gait-job.pbs"), str(self.dir)],
                                   env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, cwd="/", start_new_session=True)
        self.addCleanup(process.stdout.close)
        return process

    def finish(self, process, code, seconds=90):
        try:
            self.log, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            self.fail(f"did not end: {process.communicate()[0]}")
        self.assertEqual(process.returncode, code, self.log)
        return self.log

    def run_job(self, peer, code=0, **env):
        for name in ("run", "status.json"):
            (self.dir / name).unlink(missing_ok=True)
        log = self.finish(self.start(peer, **env), code)
        self.assertEqual(peer.shown, [])
        self.assertNotIn(TOKEN, log)
        return log

    def error(self, kind):
        status = json.loads((self.dir / "status.json").read_text())
        self.assertEqual((status["error"] or {}).get("kind"), kind, self.log)

    def containers(self):
        """Process ids of the containers' monitors that belong to us."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                line = pathlib.Path(path).read_bytes()
            except OSError:
                continue
            if b"conmon" in line and str(self.base).encode() in line:
                found.append(int(path.split("/")[2]))
        return found

    def processes(self):
        """Command lines that still name our scratch."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                line = pathlib.Path(path).read_bytes()
            except OSError:
                continue
            if str(self.base / "scratch").encode() in line:
                found.append(line[:200])
        return found

    def assert_nothing_left(self):
        wait_until(lambda: not self.processes(), self.processes, 30)
        self.assertEqual(list(self.scratch.iterdir()), [])
        self.assertNotIn(str(self.base), pathlib.Path("/proc/self/mounts").read_text())

    # --- what a container sees

    def test_sees_its_own_folder_and_nothing_else(self):
        peer = self.peer(front="look")
        log = self.run_job(peer)
        self.assertEqual(len(peer.completions), 1)
        self.assertEqual(set(peer.outputs), set(peer.output_names))
        seen = re.findall(r"^ *see (.*)$", log, re.M)
        self.assertIn("interface lo", seen)
        self.assertEqual([s for s in seen if s.startswith("interface")], ["interface lo"])
        self.assertIn("write /written: Read-only file system", seen)
        self.assertIn("write /tmp/written: done", seen)
        inside = [s for s in seen if re.match(r"/.*work\.\w{6}:", s)]
        self.assertEqual([sorted(s.split()[1:]) for s in inside], [["front", "front.mp4"]])
        self.assertEqual([s for s in seen if re.match(r"write /.*\.mp4: Read-only file system", s)],
                         [s for s in seen if re.match(r"write /.*\.mp4", s)])
        status = dict(s.split(":\t") for s in seen if ":\t" in s)
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[name], 16), 0, name)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        names = {s.split()[1].split("=")[0] for s in seen if s.startswith("environment")}
        self.assertLessEqual(names, {"PATH", "HOME", "HOSTNAME", "TERM", "container"})

    def test_exit_codes_reach_the_job(self):
        for video, kind in (("exit 65", "not_a_video"), ("exit 3", "no_person")):
            with self.subTest(video=video):
                self.run_job(self.peer(side=video), 1, GAIT_IMAGE_CACHE=str(self.base / "cache"))
                self.error(kind)

    def test_link_in_place_of_an_output(self):
        peer = self.peer(front="link")
        log = self.run_job(peer)
        self.assertIn("overlay_front.mp4 is no plain file", log)
        self.assertIn("no overlay of the front video", log)
        self.assertEqual(set(peer.output_names) - set(peer.outputs), {"overlay_front.mp4"})

    # --- limits

    def test_memory(self):
        log = self.run_job(self.peer(front="eat"), 1, GAIT_MEMORY_MB="200")
        self.error("out_of_memory")
        self.assertIn("killed: at most 200 MB", log)
        self.assertNotIn("ate 4096 MB", log)

    def test_processes(self):
        log = self.run_job(self.peer(front="multiply"), 1, GAIT_PIDS="40")
        self.error("pose_failed")
        self.assertLess(int(re.search(r"see (\d+) processes", log)[1]), 40)

    def test_time(self):
        peer = self.peer(front="hang")
        peer.engine["timeouts"]["pose"] = 2
        self.run_job(peer, 1)
        self.error("pose_failed")

    # --- the end

    def hang(self):
        peer = self.peer(front="hang")
        process = self.start(peer)
        wait_until(self.containers_run, "a container")
        return process

    def containers_run(self):
        """An engine below one of our monitors."""
        monitors = {str(pid) for pid in self.containers()}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                parent = pathlib.Path(path).read_text().rsplit(")", 1)[1].split()[1]
                if parent in monitors and b"gait-pose\0--input" in pathlib.Path(path[:-4] + "cmdline").read_bytes():
                    return True
            except OSError:
                pass
        return False

    def test_term(self):
        process = self.hang()
        begun = time.monotonic()
        process.terminate()
        self.finish(process, 1)
        self.assertLess(time.monotonic() - begun, 10)
        self.error("killed")

    def test_kill_and_the_next_start(self):
        process = self.hang()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.assertTrue(self.containers_run())
        self.assertEqual(len(list(self.scratch.iterdir())), 1)
        log = self.run_job(self.peer())
        self.assertRegex(log, r"removed .*/gait-work\.")

    def test_kill_and_the_folder_goes(self):
        """As where a scheduler removes a job's TMPDIR, but not what fled from it."""
        process = self.hang()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for folder in self.scratch.iterdir():
            subprocess.run(["rm", "-rf", str(folder)], capture_output=True, check=False)  # what is mounted stays
        self.run_job(self.peer())

    # --- images

    def test_image_that_is_not_the_one(self):
        for env, text in (({"GAIT_IMAGE": str(self.base / "none.tar")}, "there is no image"),
                          ({"GAIT_IMAGE": str(self.base / "pbs/lib.sh")}, "no image's archive"),
                          ({"GAIT_IMAGE": ""}, "GAIT_IMAGE is not set"),
                          ({"GAIT_IMAGE_DIGEST": "sha256:" + "0" * 64}, f"not sha256:{'0' * 64}"),
                          ({"GAIT_RUNTIME": "true"}, "does not run")):
            with self.subTest(**env):
                peer = self.peer()
                log = self.run_job(peer, 1, **env)
                self.error("node_misconfigured")
                self.assertIn(text, log)
                self.assertEqual(peer.count("GET front"), 0)

    def test_store_and_digest(self):
        digest = json.loads(tarfile.open(self.base / "probe.tar").extractfile("index.json").read())["manifests"][0]["digest"]
        self.own("store")
        conf = str(self.base / "containers.conf")
        podman = ["podman", "--storage-driver", "overlay", "--root", str(self.base / "store"), "--runroot", str(self.base / "try/r")]
        subprocess.run([*self.prefix, *podman, "load", "-q", "-i", str(self.base / "probe.tar")], check=True, cwd="/",
                       capture_output=True, env={"PATH": ADMIN, "HOME": str(self.base / "try"), "CONTAINERS_CONF": conf,
                                                 "XDG_RUNTIME_DIR": str(self.base / "try"), "TMPDIR": str(self.base / "try")})
        for pause in self.base.glob("try/**/pause.pid"):  # it may be left from can_run
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pause.read_text()), signal.SIGKILL)
            pause.unlink()
        self.run_job(self.peer(), GAIT_IMAGE="localhost/probe:1", GAIT_IMAGE_STORE=str(self.base / "store"),
                     GAIT_IMAGE_DIGEST=digest)

    def test_cache_is_filled_once(self):
        self.own("once")
        peers = [self.peer(), self.peer()]
        first = self.start(peers[0], GAIT_IMAGE_CACHE=str(self.base / "once"))
        self.own(f"jobs/{ATTEMPT}2")
        self.dir = self.base / f"jobs/{ATTEMPT}2"
        self.addCleanup(shutil.rmtree, self.dir)
        second = self.start(peers[1], GAIT_IMAGE_CACHE=str(self.base / "once"))
        for process in (first, second):
            self.finish(process, 0)
        self.assertEqual([len(p.completions) for p in peers], [1, 1])
        stores = [p for p in (self.base / "once").iterdir() if p.is_dir()]
        self.assertEqual(len(stores), 1)
        self.assertTrue((stores[0] / "whole").exists())

    # --- GPUs

    def standins(self, specification=True):
        """A private /etc in which CDI devices of our own stand for GPUs."""
        if os.getuid() != 0:
            self.skipTest("only root can give a test an /etc of its own")
        etc = pathlib.Path(tempfile.mkdtemp(prefix="etc-", dir=self.base))
        self.addCleanup(shutil.rmtree, etc)
        etc.chmod(0o755)
        for name in ("upper", "work"):
            (etc / name).mkdir(mode=0o755)
        (etc / "upper/cdi").mkdir(mode=0o755)
        devices = [{"name": n, "containerEdits": {"env": [f"STANDIN_{n}=1"]}} for n in ("0", "1", "all")]
        if not self.account:  # without privileges, Podman 4.3 does not look at hostPath
            for device in devices:
                device["containerEdits"]["deviceNodes"] = [{"path": f"/dev/standin{device['name']}", "hostPath": "/dev/zero"}]
        text = json.dumps({"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": devices})
        (etc / ("upper/cdi/nvidia.json" if specification else "made.json")).write_text(text)
        mount = f"mount -t overlay -o lowerdir=/etc,upperdir={etc}/upper,workdir={etc}/work overlay /etc && exec \"$@\""
        self.extra = ["unshare", "-m", "bash", "-c", mount, "-"]
        tried = subprocess.run([*self.extra, "test", "-d", "/etc/cdi"], capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            self.skipTest(f"no /etc of our own here: {tried.stderr.strip()}")
        return etc

    def gpus(self, **env):
        log = self.run_job(self.peer(front="look"), gpu=True, GAIT_IMAGE_CACHE=str(self.base / "cache"), **env)
        names = re.findall(r"see environment STANDIN_(\w+)=1", log)
        devices = re.search(r"see /dev:(.*)", log)[1].split()
        self.assertEqual(sorted(d[7:] for d in devices if d.startswith("standin")), [] if self.account else sorted(names))
        return sorted(names)

    def test_gpu_that_was_assigned(self):
        self.standins()
        self.assertEqual(self.gpus(CUDA_VISIBLE_DEVICES="1"), ["1"])
        self.assertEqual(self.gpus(CUDA_VISIBLE_DEVICES="0", SLURM_JOB_GPUS="0,1"), ["0", "1"])
        (self.base / "gpufile").write_text("node7-gpu0\n")
        (self.base / "gpufile").chmod(0o644)
        self.assertEqual(self.gpus(PBS_GPUFILE=str(self.base / "gpufile")), ["0"])
        self.assertEqual(self.gpus(GAIT_GPU="all"), ["all"])

    def test_gpu_that_is_not_there(self):
        self.standins()
        for env, text in (({"CUDA_VISIBLE_DEVICES": "7"}, "unresolvable CDI devices"),
                          ({"CUDA_VISIBLE_DEVICES": "GPU-0123abcd-0123-4567-89ab-0123456789ab"}, "unresolvable CDI devices"),
                          ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, "assigned no GPU"),
                          ({"CUDA_VISIBLE_DEVICES": "0;id"}, "assigned no GPU"),
                          ({}, "assigned no GPU")):
            with self.subTest(**env):
                log = self.run_job(self.peer(), 1, gpu=True, GAIT_IMAGE_CACHE=str(self.base / "cache"), **env)
                self.error("node_misconfigured")
                self.assertIn(text, log)

    def test_gpu_without_a_specification(self):
        self.standins(specification=False)
        log = self.run_job(self.peer(), 1, gpu=True, CUDA_VISIBLE_DEVICES="0")
        self.error("node_misconfigured")
        self.assertIn("no nvidia-ctk", log)

    def test_gpu_whose_specification_is_made(self):
        etc = self.standins(specification=False)
        tool = etc / "bin/nvidia-ctk"
        tool.parent.mkdir(mode=0o755)
        tool.write_text(f'#!/bin/bash\n[ "$1 $2" = "cdi generate" ] && cat {etc}/made.json >"${{4#--output=}}"\n')
        tool.chmod(0o755)
        (etc / "made.json").chmod(0o644)
        self.assertEqual(self.gpus(CUDA_VISIBLE_DEVICES="1", PATH=f"{tool.parent}:{os.environ['PATH']}"), ["1"])

    # --- operators

    def test_check(self):
        script = f"cd / && . {self.base}/pbs/engine.sh && engine_check"
        env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GAIT_SCRATCH": str(self.scratch)}
        for image, lines in (("probe.tar", r"ok engine .*\nok image \w{12}: probe 1\n"), ("none.tar", r"failed engine there is no image.*\n")):
            done = subprocess.run([*self.prefix, "bash", "-c", script], text=True, capture_output=True, check=False,
                                  env={**env, "GAIT_IMAGE": str(self.base / image)}, timeout=60)
            self.assertRegex(done.stdout, f"^{lines}$", done.stderr)


class AsRoot(Containers, unittest.TestCase):
    def test_needs_cgroup(self):
        if os.getuid() != 0:
            self.skipTest("not root")
        self.assertNotIn("memory is watched", self.run_job(self.peer()))


class AsUser(Containers, unittest.TestCase):
    account = USER
    # The same whoever runs it; once is enough.
    test_exit_codes_reach_the_job = test_image_that_is_not_the_one = test_gpu_that_is_not_there = None

    def test_path_too_long_for_podman(self):
        self.own("scratch/" + "x" * 60)
        self.scratch = self.base / "scratch" / ("x" * 60)
        self.run_job(self.peer())
        self.assert_nothing_left()
        self.scratch.rmdir()
        self.scratch = self.base / "scratch"
        self.assertEqual([p for p in glob.glob("/tmp/gait-engine.*") if os.stat(p).st_uid == pwd.getpwnam(USER).pw_uid], [])

    def test_cpu_engine(self):
        """The image that is delivered, on the sample pair: the same key points as without a container."""
        if not (SAMPLE / "side.mp4").exists():
            self.skipTest(f"{SAMPLE} has no sample pair: build the target sample_pair")
        peer = Peer({v: (SAMPLE / f"{v}.mp4").read_bytes() for v in ("front", "side")})
        self.addCleanup(peer.__exit__)
        image = self.base / "pose-cpu.tar"
        shutil.copy(IMAGES / "pose-cpu.tar", image)
        image.chmod(0o644)
        self.addCleanup(image.unlink)
        direct = self.base / "direct"
        env = {"GAIT_WEIGHTS": str(WEIGHTS), "PATH": os.environ["PATH"]}
        run = threading.Thread(target=subprocess.run, kwargs={"args": [
            str(BIN / "gait-pose"), "--input", str(SAMPLE / "side.mp4"), "--write_json", str(direct)],
            "env": env, "capture_output": True, "check": False})
        run.start()
        log = self.finish(self.start(peer, GAIT_IMAGE=str(image)), 0, 300)
        run.join()
        self.assertEqual(len(peer.completions), 1)
        result = json.loads(peer.outputs["result.json"])
        self.assertIn("cadence", result["parameters"])
        (self.base / "side.tar.gz").write_bytes(peer.outputs["keypoints_side.tar.gz"])
        with tarfile.open(self.base / "side.tar.gz") as tar:
            inside = {pathlib.Path(m.name).name: tar.extractfile(m).read() for m in tar if m.isfile()}
        outside = {p.name: p.read_bytes() for p in direct.iterdir()}
        self.assertEqual(inside.keys(), outside.keys())
        self.assertGreater(len(inside), 150)
        for name in inside.keys() - {"meta.json"}:
            self.assertEqual(inside[name], outside[name], name)
        self.assertRegex(log, r"ready in \d+ s")
        for view in ("front", "side"):
            self.assertEqual(peer.outputs[f"overlay_{view}.mp4"][4:8], b"ftyp", log)


if __name__ == "__main__":
    unittest.main(verbosity=2)
