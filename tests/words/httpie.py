"""Runs HTTPie for each line of arguments, a JSON array, and prints its output as a JSON string.

HTTPie takes longer to start than to send a request, so it is loaded once for many requests.
"""

import json
import sys
import tempfile

from httpie.context import Environment
from httpie.core import main

for line in sys.stdin:
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as output:
        environment = Environment(stdin=None, stdout=output, stdout_isatty=False)
        main(args=["http", *json.loads(line)], env=environment)
        output.seek(0)
        print(json.dumps(output.read()), flush=True)
