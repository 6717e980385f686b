"""Loads with an exact number of requests: what is stored afterwards is what was acknowledged."""

import signal
import time

from load import Flaw, Load

# So many taxis are created before the one whose stock is changed: it exists, whatever the order is
# in which requests are answered.
BEHIND = 1_024
# A load whose records stay the same for so long has ended, or a request was refused.
STALLED_S = 10
SAY_EVERY_S = 5
ANSWERED_S = 0.3


class Filling(Load):
    """The loads of one server, and the progress that they print."""

    def __init__(self, house, rows=1):
        super().__init__(house, rows)
        self.taxis = 0

    def create(self, count, connections=256):
        """Creates so many taxis."""
        if count > 0:
            self.exactly("create", count, connections)
            self.taxis += count

    def spread(self, taxis):
        """Creates taxis until there are so many, and gives two further events to each of them but
        the last `BEHIND`."""
        self.create(max(min(BEHIND, taxis) - self.taxis, 0))
        creates = taxis - self.taxis
        if creates > 0:
            self.exactly("spread", creates * 3, FIRST=self.taxis - BEHIND + 1)
            self.taxis = taxis

    def finish_spread(self):
        """Gives the last taxis their two further events."""
        rows = min(BEHIND, self.taxis)
        self.walk(self.taxis - rows + 1, rows, 2)

    def walk(self, first, rows, times):
        """Adds so many events to each of these taxis."""
        self.exactly("walk", rows * times, FIRST=first, ROWS=rows)

    def exactly(self, work, count, connections=256, **variables):
        """Sends so many requests, each of which is one record, and waits for all answers."""
        connections = min(connections, count)
        before = self.server.records()
        wrk = self.start(work, (1, connections, 86_400), COUNT=count, **variables)
        try:
            self.watch(wrk, work, before, count)
            # The last answers arrive a little after their records are stored.
            time.sleep(ANSWERED_S)
        finally:
            wrk.send_signal(signal.SIGINT)
        report = self.finish(wrk, work, connections)
        # All answers were awaited.
        self.unanswered[work] = 0
        stored = self.server.records() - before
        if not report["acknowledged"] == stored == count:
            raise Flaw(f"{work}: {stored} records were stored, {report['acknowledged']} requests "
                       f"were acknowledged, and {count} were sent")

    def until(self, work, records, connections=256):
        """Sends requests until the journal has so many records."""
        before = self.server.records()
        wrk = self.start(work, (1, connections, 86_400))
        try:
            self.watch(wrk, work, before, records - before)
        finally:
            wrk.send_signal(signal.SIGINT)
        return self.finish(wrk, work, connections)

    def watch(self, wrk, work, before, count):
        """Prints the progress until so many records were stored."""
        begun = said = changed = time.monotonic()
        done = 0
        while done < count and wrk.poll() is None:
            time.sleep(0.1)
            last, done, now = done, self.server.records() - before, time.monotonic()
            changed = now if done != last else changed
            if now > changed + STALLED_S:
                return
            if now > said + SAY_EVERY_S:
                said, rate = now, max(done, 1) / (now - begun)
                print(f"  {work}: {done:,} of {count:,} records, {rate:,.0f} a second, "
                      f"{max(count - done, 0) / rate:.0f} s left", flush=True)
