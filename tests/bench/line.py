"""A line of so many bytes a second, and so long, towards a server on this machine: what a client would have at home."""

import asyncio
import contextlib
import threading

STEP_S, ON_THE_WAY = 0.005, 64


class Way:
    """One direction; all connections share it."""

    def __init__(self, bytes_per_s, delay_s):
        self.rate, self.delay, self.free_at = bytes_per_s, delay_s, 0.0

    async def carry(self, source, sink):
        on_the_way = asyncio.Queue(ON_THE_WAY)
        arrivals = asyncio.create_task(self.arrive(on_the_way, sink))
        try:
            while data := await source.read(1 << 14):
                now = asyncio.get_running_loop().time()
                self.free_at = max(self.free_at, now - STEP_S) + len(data) / self.rate
                if self.free_at > now + STEP_S:
                    await asyncio.sleep(self.free_at - now)
                await on_the_way.put((self.free_at + self.delay, data))
        finally:
            await on_the_way.put(None)
            await arrivals

    @staticmethod
    async def arrive(on_the_way, sink):
        while sent := await on_the_way.get():
            due, data = sent
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            with contextlib.suppress(ConnectionError):  # of an end that is gone: the other way tells
                sink.write(data)
                await sink.drain()
        sink.close()


class Line:
    def __init__(self, port, bytes_per_s, delay_s=0.0):
        """To @port of this machine; @delay_s from one end to the other."""
        self.far = port
        self.there, self.back = Way(bytes_per_s, delay_s), Way(bytes_per_s, delay_s)
        self.loop = asyncio.new_event_loop()

    def __enter__(self):
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.join, "127.0.0.1", 0, limit=1 << 16))
        self.port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        ready.set()
        self.loop.run_forever()

    async def join(self, near_in, near_out):
        await asyncio.sleep(self.there.delay + self.back.delay)  # until the connection stands
        far_in, far_out = await asyncio.open_connection("127.0.0.1", self.far)
        await asyncio.gather(self.there.carry(near_in, far_out), self.back.carry(far_in, near_out), return_exceptions=True)
