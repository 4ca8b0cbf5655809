"""A line of so many bytes a second towards a server on this machine: what a client would have at home."""

import asyncio
import threading

STEP_S = 0.005


class Line:
    def __init__(self, port, bytes_per_s):
        self.far, self.rate = port, bytes_per_s
        self.loop = asyncio.new_event_loop()
        self.free_at = 0.0

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
        server = self.loop.run_until_complete(asyncio.start_server(self.carry, "127.0.0.1", 0, limit=1 << 16))
        self.port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        ready.set()
        self.loop.run_forever()

    async def carry(self, near_in, near_out):
        far_in, far_out = await asyncio.open_connection("127.0.0.1", self.far)
        await asyncio.gather(self.pump(near_in, far_out, self.pay), self.pump(far_in, near_out, None), return_exceptions=True)

    async def pay(self, n):
        """All connections share the line."""
        now = self.loop.time()
        self.free_at = max(self.free_at, now - STEP_S) + n / self.rate
        if self.free_at > now + STEP_S:
            await asyncio.sleep(self.free_at - now)

    async def pump(self, source, sink, pay):
        try:
            while data := await source.read(1 << 14):
                if pay:
                    await pay(len(data))
                sink.write(data)
                await sink.drain()
        finally:
            sink.close()
