"""A worker process of the runner in process: Beam's own, which says nothing itself.

Beam's program logs from its start on, before it reads its options, and its first line gives its process a log of its
own on stderr. With a log that goes nowhere in its place, everything goes to the runner, which shows what the job asks.
"""

import logging

logging.getLogger().addHandler(logging.NullHandler())  # before Beam is imported, which logs while it is

from apache_beam.runners.worker.sdk_worker_main import main  # noqa: E402

if __name__ == "__main__":
    main(None)
