"""The short form for CI: our own rows, as a tripwire.

It loads madang and the bare echo of `examples/echo.rs`, both built as the tests are, and compares
the ratio of their rates with the recorded one. The margin is wide: it finds a path that became
several times slower, not a few per cent, so it does not fail on a busy machine.
"""

import json
import os
import shutil

import servers
import tools
from load import WORKS, Flaw, Load

RECORD = os.path.join(os.path.dirname(os.path.realpath(__file__)), "recorded.json")
# A row fails below this part of its recorded ratio, in each of these attempts.
MARGIN = 0.33
ATTEMPTS = 3
CONNECTIONS, ROWS = 64, 2_000


def ratio(echo, load, work):
    """The rate of madang relative to the echo, measured before it, for one second each."""
    load.prepare(work)
    limit = Load(echo, ROWS).run("create", CONNECTIONS, 1)["rate"]
    return load.run(work, CONNECTIONS, 1)["rate"] / limit


def judge(echo, load, work, recorded):
    """Measures one work until it is fast enough, or for all attempts; says whether it is."""
    least = recorded * MARGIN
    for _ in range(ATTEMPTS):
        reached = ratio(echo, load, work)
        print(f"{WORKS[work]}: {reached:.3f} of the bare echo; recorded {recorded:.3f}, "
              f"at least {least:.3f}", flush=True)
        if reached >= least:
            return True
    return False


def check(options):
    """Returns the exit code: 0 when all rows are fast enough and all that was acknowledged is
    stored."""
    tools.install([])
    folder = tools.open_folder(options.data or tools.TARGET, None)
    debug = os.path.join(tools.TARGET, "debug")
    echo = servers.Server(os.path.join(folder, "echo"),
                          options.echo or os.path.join(debug, "examples", "echo"))
    madang = servers.Madang(os.path.join(folder, "madang"),
                            options.madang or os.path.join(debug, "madang"))
    for server in (echo, madang):
        if not os.path.exists(server.binary):
            raise SystemExit(f"{server.binary} is missing: cargo build --bin madang --example echo")
    started = []
    try:
        for server in (echo, madang):
            server.start()
            started.append(server)
        return compare(echo, Load(madang, ROWS), options.record)
    finally:
        for server in started:
            server.stop()
        shutil.rmtree(folder)


def compare(echo, load, is_recording):
    # Orders come last: the server sends their messages for some time afterwards.
    works = ["create", "hot", "read", "order"]
    if is_recording:
        with open(RECORD, "w") as file:
            json.dump({work: round(ratio(echo, load, work), 3) for work in works}, file, indent=2)
            file.write("\n")
        return 0
    with open(RECORD) as file:
        recorded = json.load(file)
    slow = [WORKS[work] for work in works if not judge(echo, load, work, recorded[work])]
    try:
        load.check()
    except Flaw as flaw:
        print(flaw)
        return 1
    if slow:
        print(f"much slower than recorded: {', '.join(slow)}")
    return 1 if slow else 0
